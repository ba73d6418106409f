package dev.gatun.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Several views as one. */
record TrainingViews(List<TrainingView> views) implements TrainingView {
    @Override
    public void line(ObjectNode line) {
        views.forEach(view -> view.line(line));
    }

    @Override
    public void stepped() {
        views.forEach(TrainingView::stepped);
    }

    @Override
    public void trained() {
        views.forEach(TrainingView::trained);
    }

    @Override
    public void stopping() {
        views.forEach(TrainingView::stopping);
    }

    @Override
    public void close() {
        views.forEach(TrainingView::close);
    }
}
