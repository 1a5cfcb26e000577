/** @import { Media } from "../types.js" */

/** The statuses of answers after which the same file may be taken later. */
const LATER = [401, 408, 429];

/** An image is not on the server. */
export class UploadFailed extends Error {
  /**
   * @param {string} message
   * @param {boolean} isFinal whether the server will never take this file
   */
  constructor(message, isFinal) {
    super(message);
    this.isFinal = isFinal;
  }
}

/**
 * Send an image to the server.
 *
 * @param {string} blog
 * @param {File} file
 * @param {string} token of the session
 * @param {(share: number) => void} onProgress 0 to 1; 1: the server works on it
 * @param {AbortSignal} signal
 * @returns {Promise<Media>}
 * @throws {UploadFailed} whose message says what to do
 */
export function upload(blog, file, token, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // `fetch` does not tell how much has been sent
    const fail = (/** @type {string} */ message, isFinal = false) => reject(new UploadFailed(message, isFinal));
    request.open("POST", `/api/blogs/${blog}/media`);
    request.responseType = "json";
    request.timeout = 120_000;
    request.setRequestHeader("content-type", file.type || "application/octet-stream");
    request.setRequestHeader("stoppress-csrf", token);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
    request.onload = () => {
      const { status, response } = request;
      if (status === 201 && response?.media) resolve(response.media);
      else fail(response?.detail ?? `The server answered ${status}. Try again.`, status >= 400 && status < 500 && !LATER.includes(status));
    };
    request.onerror = () => fail("The server cannot be reached. Check the connection, then try again.");
    request.ontimeout = () => fail("The server did not answer within two minutes. Try again.");
    request.onabort = () => fail("Cancelled.");
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
