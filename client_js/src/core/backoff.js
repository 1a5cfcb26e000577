/** The shortest wait before a new connection, in milliseconds. */
export const SHORTEST = 500;
/** The longest. */
export const LONGEST = 30_000;
/** Up to where the first wait may go: wide enough that the readers of a lost node spread out. */
const FIRST = 3_000;

/**
 * How long to wait before a new attempt: full jitter, which is any time up to a limit that doubles.
 *
 * @param {number} failures in a row before this attempt
 * @param {() => number} random from 0 to 1
 */
export function backoff(failures, random) {
  const limit = Math.min(LONGEST, FIRST * 2 ** failures);
  return SHORTEST + random() * (limit - SHORTEST);
}
