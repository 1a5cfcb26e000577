const MIN_MILLISECONDS = 500;
const MAX_MILLISECONDS = 30_000;
/** Limit of the first wait: long enough to spread out the readers of a lost node. */
const FIRST_LIMIT_MILLISECONDS = 3_000;

/**
 * Return how many milliseconds to wait before the next attempt: a random time below a limit that doubles with each
 * failure ("full jitter").
 *
 * @param {number} failures in a row before this attempt
 * @param {() => number} random from 0 to 1
 */
export function backoff(failures, random) {
  const limit = Math.min(MAX_MILLISECONDS, FIRST_LIMIT_MILLISECONDS * 2 ** failures);
  return MIN_MILLISECONDS + random() * (limit - MIN_MILLISECONDS);
}
