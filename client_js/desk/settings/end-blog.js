/** @import { Api } from "../api.js" */
import { errorText } from "../api.js";
import { ask } from "../ui/dialog.js";

/**
 * End a blog with a final summary, after one question. If the second step fails, a repetition does not publish again.
 *
 * @param {Api} api
 * @param {string} path that of the blog in the API
 */
export async function endBlog(api, path) {
  const key = crypto.randomUUID();
  const fields = [
    { name: "title", label: "Title of the summary", value: "Summary", max: 500 },
    { name: "markdown", label: "Final summary (optional)", kind: /** @type {const} */ ("area"), max: 100_000, hint: "Markdown. It is published as a key event, and pinned to the top. Without a text, only the status changes." },
  ];
  const text = "The status becomes “Ended”. You can set it back to “Live” later.";
  const done = await ask({ title: "End this blog", text, fields, action: "End the blog" }, async ({ title, markdown }) => {
    if (markdown.trim()) {
      const entry = { title, markdown, key: true, pinned: true, status: "published" };
      const published = await api.send("POST", `${path}/entries`, entry, { "Idempotency-Key": key });
      if (!published.ok) return errorText(published);
    }
    const ended = await api.send("PATCH", path, { status: "ended", coverage_end: new Date().toISOString() });
    return ended.ok ? null : errorText(ended);
  });
  return Boolean(done);
}
