/*
 * Says plainly when a page that is drawn in the browser does not start: its script could not be loaded, or broke at once.
 *
 * A plain file beside the bundles, because it must work when they do not. The page holds the words (data-not-started); whoever starts
 * takes them away. Without even this file the words appear by themselves after a while (base.css).
 */
(() => {
  const tell = () => document.querySelector("[data-not-started]")?.classList.add("now");
  addEventListener("error", (event) => {
    const isScript = event.target instanceof HTMLScriptElement || event instanceof ErrorEvent;
    if (!isScript) return;
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", tell);
    else tell();
  }, true);
})();
