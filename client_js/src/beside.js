/**
 * A file that lies beside the modules and is loaded when it is needed.
 *
 * @template T
 * @param {URL} address
 * @param {(answer: Response) => Promise<T>} read
 * @returns {Promise<T | null>} null if it does not come
 */
export async function beside(address, read) {
  try {
    const answer = await fetch(address);
    return answer.ok ? await read(answer) : null;
  } catch {
    return null;
  }
}
