package dev.gatun.host;

import dev.gatun.host.compute.Lstm;

/**
 * Does the work of the RNN calls whose shapes and sizes were checked: translates addresses, keeps the reserve's head and the
 * dropout state, fills padding. A recorded call runs here at each launch of its graph.
 */
final class RnnExecution {
    private final Host host;

    RnnExecution(Host host) {
        this.host = host;
    }

    void forward(LstmRun run, RnnDataShape yData, DropoutShape dropout, boolean training, long x,
            long y, long hx, long hy, long cx, long cy, long weightBytes, long weights, long workspaceBytes, long workspace,
            long reserveBytes, long reserve) {
        String function = "cudnnRNNForward";
        RnnShape rnn = run.rnn();
        RnnDataShape xData = run.data();
        long stateBytes = rnn.stateBytes(xData.batch());
        long realX = host.memory.real(x, xData.bytes(), function, "x");
        long realY = host.memory.real(y, yData.bytes(), function, "y");
        long realHx = optional(hx, stateBytes, function, "hx");
        long realHy = optional(hy, stateBytes, function, "hy");
        long realCx = optional(cx, stateBytes, function, "cx");
        long realCy = optional(cy, stateBytes, function, "cy");
        long realWeights = host.memory.real(weights, weightBytes, function, "weightSpace");
        long realWorkspace = host.memory.real(workspace, workspaceBytes, function, "workSpace");
        long realReserve = training ? host.memory.real(reserve, reserveBytes, function, "reserveSpace") : 0;
        synchronized (host.engine) {
            Lstm.Dropout mask = null;
            if (training) {
                mask = nextMask(realReserve, rnn, xData, dropout);
                if (host.checked) {
                    Reserve.rememberInputs(realReserve, realX, xData.bytes(), realHx, realCx, stateBytes, realWeights, weightBytes);
                }
            }
            long dense = run.weights().dense(realWeights, realWorkspace + run.scratch());
            Lstm.forward(run.shape(), training, realX, realY, realHx, realCx, realHy, realCy, dense, realWorkspace,
                    training ? realReserve + Reserve.BYTES : 0, mask);
            fillPadding(yData, realY);
            if (training) {
                if (host.checked) {
                    Reserve.rememberOutput(realReserve, realY, yData.bytes());
                }
                Reserve.forwardDone(realReserve);
            }
        }
    }

    void backwardData(LstmRun run, RnnDataShape yData, DropoutShape dropout, long y, long dy,
            long dx, long hx, long dhy, long dhx, long cx, long dcy, long dcx, long weightBytes, long weights, long workspaceBytes,
            long workspace, long reserveBytes, long reserve) {
        String function = "cudnnRNNBackwardData_v8";
        RnnShape rnn = run.rnn();
        RnnDataShape xData = run.data();
        long stateBytes = rnn.stateBytes(xData.batch());
        long realY = host.memory.real(y, yData.bytes(), function, "y");
        long realDy = host.memory.real(dy, yData.bytes(), function, "dy");
        long realDx = host.memory.real(dx, xData.bytes(), function, "dx");
        long realHx = optional(hx, stateBytes, function, "hx");
        long realDhy = optional(dhy, stateBytes, function, "dhy");
        long realDhx = optional(dhx, stateBytes, function, "dhx");
        long realCx = optional(cx, stateBytes, function, "cx");
        long realDcy = optional(dcy, stateBytes, function, "dcy");
        long realDcx = optional(dcx, stateBytes, function, "dcx");
        long realWeights = host.memory.real(weights, weightBytes, function, "weightSpace");
        long realWorkspace = host.memory.real(workspace, workspaceBytes, function, "workSpace");
        long realReserve = host.memory.real(reserve, reserveBytes, function, "reserveSpace");
        synchronized (host.engine) {
            Reserve.requireForwardDone(realReserve, rnn, xData, function);
            if (host.checked) {
                Reserve.requireSameY(realReserve, realY, yData.bytes(), function);
                Reserve.requireSameHx(realReserve, realHx, stateBytes, function);
                Reserve.requireSameCx(realReserve, realCx, stateBytes, function);
                Reserve.requireSameWeights(realReserve, realWeights, weightBytes, function);
            }
            Lstm.Dropout mask = active(rnn, dropout)
                    ? new Lstm.Dropout(dropout.probability(), Reserve.seed(realReserve), Reserve.counter(realReserve)) : null;
            long dense = run.weights().dense(realWeights, realWorkspace + run.scratch());
            Lstm.backwardData(run.shape(), realY, realDy, realDx, realHx, realCx, realDhy, realDcy, realDhx, realDcx, dense, realWorkspace,
                    realReserve + Reserve.BYTES, mask);
            Reserve.dataDone(realReserve);
        }
    }

    void backwardWeights(LstmRun run, RnnDataShape yData, long x, long hx, long y,
            long weightBytes, long dweights, long workspaceBytes, long workspace, long reserveBytes, long reserve) {
        String function = "cudnnRNNBackwardWeights_v8";
        RnnShape rnn = run.rnn();
        RnnDataShape xData = run.data();
        long stateBytes = rnn.stateBytes(xData.batch());
        long realX = host.memory.real(x, xData.bytes(), function, "x");
        long realY = host.memory.real(y, yData.bytes(), function, "y");
        long realHx = optional(hx, stateBytes, function, "hx");
        long realDweights = host.memory.real(dweights, weightBytes, function, "dweightSpace");
        long realWorkspace = host.memory.real(workspace, workspaceBytes, function, "workSpace");
        long realReserve = host.memory.real(reserve, reserveBytes, function, "reserveSpace");
        synchronized (host.engine) {
            Reserve.requireDataDone(realReserve, rnn, xData, function);
            if (host.checked) {
                Reserve.requireSameX(realReserve, realX, xData.bytes(), function);
                Reserve.requireSameY(realReserve, realY, yData.bytes(), function);
                Reserve.requireSameHx(realReserve, realHx, stateBytes, function);
            }
            long dense = run.weights().denseGradient(realDweights, realWorkspace + run.scratch());
            Lstm.backwardWeights(run.shape(), realX, realHx, realY, dense, realWorkspace, realReserve + Reserve.BYTES);
            run.weights().addGradient(realDweights, dense);
        }
    }

    /** Begins the reserve's head and advances the dropout state, which lives in the caller's device memory. */
    private Lstm.Dropout nextMask(long reserve, RnnShape rnn, RnnDataShape data, DropoutShape dropout) {
        if (!active(rnn, dropout)) {
            Reserve.forwardBegins(reserve, rnn, data, 0, 0);
            return null;
        }
        long state = host.memory.real(dropout.states(), DropoutShape.STATE_BYTES, "cudnnRNNForward", "the dropout descriptor's states");
        long seed = Native.getLong(state + DropoutShape.SEED);
        long counter = Native.getLong(state + DropoutShape.COUNTER);
        Native.putLong(state + DropoutShape.COUNTER, counter + 1);
        Reserve.forwardBegins(reserve, rnn, data, seed, counter);
        return new Lstm.Dropout(dropout.probability(), seed, counter);
    }

    /** Dropout acts between layers, so that a single layer has none. */
    private static boolean active(RnnShape rnn, DropoutShape dropout) {
        return dropout != null && dropout.probability() > 0 && rnn.layers() > 1;
    }

    /** Fills y behind each sequence's end; without a fill value its contents are undefined, which checked mode shows as NaN. */
    private void fillPadding(RnnDataShape data, long y) {
        if (!data.hasFill() && !host.checked) {
            return;
        }
        float fill = data.hasFill() ? data.fill() : Float.NaN;
        for (int n = 0; n < data.batch(); n++) {
            for (int t = data.lengths()[n]; t < data.maxLength(); t++) {
                Native.fillFloats(y + Float.BYTES * ((long) t * data.batch() + n) * data.vector(), data.vector(), fill);
            }
        }
    }

    private long optional(long address, long bytes, String function, String argument) {
        return address == 0 ? 0 : host.memory.real(address, bytes, function, argument);
    }
}
