/** Exit codes beside 0 (done), 1 (failed) and 2 (an argument or a configuration that is not valid). */

/** What was asked was done, and something needs a person: a miner, or one that a job did not bring to where it should be. */
export const attentionExit = 3;
/** The exporter refuses, as the rails or the token's scope will have it. */
export const refusedExit = 4;
/** Only planned: nobody confirmed it. */
export const plannedExit = 5;
