package dev.gatun.examples;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.gatun.lm.AveragingTrigger;
import dev.gatun.lm.Plateau;
import java.util.List;

/**
 * Where a run stands, beside what the trainer keeps: all that decides how it goes on.
 *
 * @param step steps done since the run's begin, over all epochs
 * @param epoch the present one, from 1
 * @param window the window of the text that the next step trains on
 * @param seconds how long the run has trained
 * @param metricsLines lines of metrics written
 * @param bestLoss the lowest mean validation loss, that of the model kept; null before the first validation
 * @param bestStep the step it was measured after
 * @param worse validations since then
 * @param rateScale what {@link Plateau} multiplies the learning rate by; 1 without one
 * @param plateauLoss the loss that {@link Plateau} compares with; null before the first validation
 * @param plateauWorse validations since then
 * @param averaging whether {@link AveragingTrigger} has fired
 * @param triggerLoss the loss that it compares with; null before it has one
 * @param triggerRecent the losses since then
 */
record RunState(long step, int epoch, long window, double seconds, long metricsLines, Double bestLoss, long bestStep, int worse,
        double rateScale, Double plateauLoss, int plateauWorse, boolean averaging, Double triggerLoss, List<Double> triggerRecent) {
    private static final ObjectMapper JSON = JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES,
            DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES, DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    /** Before the first step. */
    static final RunState BEGIN = new RunState(0, 1, 0, 0, 0, null, 0, 0, 1, null, 0, false, null, List.of());

    RunState {
        if (step < 0 || epoch < 1 || window < 0 || window > step || !(seconds >= 0) || metricsLines < 0 || bestStep < 0 || bestStep > step
                || worse < 0 || !(rateScale >= 0 && rateScale <= 1) || plateauWorse < 0) {
            throw new IllegalArgumentException("no run stands at step " + step + ", epoch " + epoch + ", window " + window);
        }
        triggerRecent = List.copyOf(triggerRecent);
    }

    /** Returns one line of JSON. */
    String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @throws CommandException if it is anything else
     */
    static RunState fromJson(String json) {
        try {
            return JSON.readValue(json, RunState.class);
        } catch (JsonProcessingException e) {
            throw new CommandException("the state of the run cannot be read: " + e.getOriginalMessage());
        }
    }
}
