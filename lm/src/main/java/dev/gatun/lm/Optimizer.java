package dev.gatun.lm;

/**
 * How a step changes the parameters by their gradients, which are clipped before. The learning rate is not part of it:
 * {@link TrainingOptions} has the first one, {@link Trainer#setLearningRate} changes it.
 */
public sealed interface Optimizer {
    /** Returns how strongly a step draws parameters to zero, whatever their gradients; at least 0. */
    float weightDecay();

    /**
     * Adam (Kingma and Ba, 2015), with decoupled weight decay (AdamW: Loshchilov and Hutter, 2019), as {@code torch.optim.AdamW}
     * computes it: a parameter p, with moments m and v and learning rate r, is first multiplied by 1 - r·weightDecay.
     *
     * @param beta1 the decay of the first moment, in [0, 1)
     * @param beta2 the decay of the second moment, in [0, 1)
     * @param epsilon what keeps the denominator √v + epsilon from zero, above 0
     * @param weightDecay at least 0; 0 for Adam
     */
    record Adam(float beta1, float beta2, float epsilon, float weightDecay) implements Optimizer {
        /** PyTorch's defaults: betas 0.9 and 0.999, epsilon 1e-8, no weight decay. */
        public static final Adam DEFAULT = new Adam(0.9f, 0.999f, 1e-8f, 0);

        /**
         * Checks the values.
         *
         * @throws IllegalArgumentException if one is out of its range; the message names it
         */
        public Adam {
            Check.that(beta1 >= 0 && beta1 < 1, "beta1 must be at least 0 and below 1", beta1);
            Check.that(beta2 >= 0 && beta2 < 1, "beta2 must be at least 0 and below 1", beta2);
            Check.that(epsilon > 0 && epsilon < Float.POSITIVE_INFINITY, "epsilon must be a positive finite number", epsilon);
            Check.weightDecay(weightDecay);
        }
    }

    /**
     * Stochastic gradient descent without momentum, as {@code torch.optim.SGD}: p -= r·(g + weightDecay·p) for the gradient g and
     * the learning rate r.
     *
     * @param weightDecay at least 0; a penalty on the parameters' L2 norm
     */
    record Sgd(float weightDecay) implements Optimizer {
        /**
         * Checks the value.
         *
         * @throws IllegalArgumentException if it is negative or not finite
         */
        public Sgd {
            Check.weightDecay(weightDecay);
        }
    }

    /**
     * Stochastic gradient descent that also keeps the mean of the parameters after its last steps (Polyak and Juditsky, 1992), as
     * {@code torch.optim.ASGD} with {@code lambd = 0}. {@link Trainer#averaged} evaluates it. Averaging starts after a given
     * step, or when {@link Trainer#startAveraging} says so, as AWD-LSTM does (Merity, Keskar and Socher, 2018).
     *
     * @param weightDecay at least 0; a penalty on the parameters' L2 norm
     * @param averagingStart the steps before averaging starts, ASGD's {@code t0}; at least 0
     */
    record AveragedSgd(float weightDecay, int averagingStart) implements Optimizer {
        /** As {@code averagingStart}: not before {@link Trainer#startAveraging} is called. */
        public static final int NOT_YET = Integer.MAX_VALUE;

        /**
         * Checks the values.
         *
         * @throws IllegalArgumentException if one is out of its range; the message names it
         */
        public AveragedSgd {
            Check.weightDecay(weightDecay);
            Check.atLeast(0, averagingStart, "averagingStart");
        }
    }
}
