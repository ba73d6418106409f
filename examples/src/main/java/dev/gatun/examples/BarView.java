package dev.gatun.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar at the foot of a terminal, which the library's own thread redraws; measurements are printed above it, or below once it is full. */
final class BarView implements TrainingView {
    private static final int REDRAW_MILLIS = 250;
    private static final String CLEAR_LINE = "\r\033[K";

    private final PrintWriter out;
    private final int epochs;
    private final ProgressBar bar;
    private volatile boolean drawn = true;

    /**
     * Draws the bar.
     *
     * @param done the steps that an earlier process did
     * @param unicode whether the terminal shows block characters
     */
    BarView(PrintWriter out, int epochs, long steps, long done, boolean unicode) {
        this.out = out;
        this.epochs = epochs;
        bar = ProgressBar.builder()
                .setTaskName("")
                .setInitialMax(steps)
                .startsFrom(done, Duration.ZERO)
                .setStyle(unicode ? ProgressBarStyle.UNICODE_BLOCK : ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(REDRAW_MILLIS)
                .setConsumer(new DelegatingProgressBarConsumer(this::draw))
                .build();
    }

    private void draw(String text) {
        print(CLEAR_LINE + text.strip());
    }

    /** Prints at once: the bar's thread and the trainer's must not mix their characters. */
    private void print(String text) {
        synchronized (out) {
            out.print(text);
            out.flush();
        }
    }

    @Override
    public void stepped() {
        bar.step();
    }

    @Override
    public void line(ObjectNode line) {
        if (line.has("loss")) {
            bar.setExtraMessage(String.format(Locale.ROOT, " loss %.2f, perplexity %.0f, %.0f words/s", line.get("loss").asDouble(),
                    line.get("perplexity").asDouble(), line.get("tokens_per_second").asDouble()));
        } else if (TextView.isMeasurement(line)) {
            printAbove(TextView.measurement(line, epochs));
        }
    }

    @Override
    public void stopping() {
        printAbove(TextView.STOPPING);
    }

    private void printAbove(String text) {
        print((drawn ? CLEAR_LINE : "") + text + "\n");
        if (drawn) {
            bar.refresh();
        }
    }

    /** Leaves the bar as it stands. */
    @Override
    public void trained() {
        if (drawn) {
            bar.close();
            drawn = false;
            print("\n");
        }
    }

    @Override
    public void close() {
        trained();
    }
}
