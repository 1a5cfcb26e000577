/** Close menus when the focus or a click goes elsewhere, and with Escape. */
export function closeDropsOutside() {
  const close = (/** @type {Event} */ event) => {
    for (const drop of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll("details.drop[open]"))) {
      if (event.target instanceof Node && !drop.contains(event.target)) drop.open = false;
    }
  };
  document.addEventListener("click", close);
  document.addEventListener("focusin", close);
  document.addEventListener("keydown", (event) => {
    const drop = event.target instanceof Element ? event.target.closest("details.drop[open]") : null;
    if (event.key !== "Escape" || !(drop instanceof HTMLDetailsElement)) return;
    drop.open = false;
    drop.querySelector("summary")?.focus();
  });
}
