package dev.gatun.examples;

import dev.gatun.lm.Plateau;
import dev.gatun.lm.Schedule;

/**
 * How a run goes.
 *
 * @param epochs passes over the text
 * @param steps the steps of the whole run, over all epochs
 * @param learningRate what the schedule multiplies
 * @param schedule the factor on the learning rate for each step
 * @param plateau what a validation without improvement does to the learning rate, or null
 * @param averagingInterval the interval of the validations that start the averaging of parameters; 0 where they do not
 * @param logEvery steps from one report to the next, within an epoch
 * @param evalEvery steps from one validation to the next, beside that after each epoch; 0 for no others
 * @param patience validations in a row without improvement that end the run; 0 for any number
 * @param checkpointEvery steps from one checkpoint to the next, beside that after each epoch; 0 for one every two minutes
 * @param keep checkpoints that are kept
 * @param seed of the sample after each epoch
 */
record TrainingPlan(int epochs, long steps, float learningRate, Schedule schedule, Plateau.Settings plateau,
        int averagingInterval, int logEvery, int evalEvery, int patience, int checkpointEvery, int keep, long seed) {}
