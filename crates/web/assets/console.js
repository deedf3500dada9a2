// Keeps an open page up to date. Every page works without it.
//
// A stream says that something happened; the page is asked for again, and its live parts are put in place of
// the old ones. A part in which somebody is typing or has the focus is left alone.
"use strict";
(function () {
  const base = document.body.dataset.base || "";
  const follow = document.getElementById("follow");
  const parts = () => Array.from(document.querySelectorAll("[data-live]"));
  const LEAST_PAUSE = 2000; // ms between two refreshes
  const SLOW = 15000; // ms between refreshes without a stream
  const UNDER_WAY = 3000; // ms between refreshes while something is under way of which the log does not tell each step
  let last = 0, waiting = null, slow = null, watching = null;

  function say(text) {
    if (!follow) return;
    follow.hidden = false;
    if (follow.textContent !== text) follow.textContent = text;
  }

  function isTyped(one) {
    return one.value !== one.defaultValue;
  }

  function isBusy(part) {
    return Array.from(part.querySelectorAll("input:not([type=checkbox]), textarea")).some(isTyped) || part.contains(document.activeElement) || part.querySelector("input:checked, dialog[open]") ||
      !(document.getSelection() || { isCollapsed: true }).isCollapsed;
  }

  async function refresh() {
    waiting = null;
    if (document.hidden) return later();
    last = Date.now();
    await renew();
    watch();
  }

  function watch() {
    clearTimeout(watching);
    if (document.querySelector("[data-under-way]")) watching = setTimeout(later, UNDER_WAY);
  }

  async function renew() {
    let fresh;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
      if (!answer.ok) return;
      fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch (_) { return; }
    for (const part of parts()) {
      const next = fresh.getElementById(part.id);
      if (!next || isBusy(part)) continue;
      const open = Array.from(part.querySelectorAll("details")).map((one) => one.open);
      if (part.innerHTML === next.innerHTML) continue;
      part.innerHTML = next.innerHTML;
      part.querySelectorAll("details").forEach((one, place) => { if (place in open) one.open = open[place]; });
    }
  }

  function later() {
    if (waiting === null) waiting = setTimeout(refresh, Math.max(300, last + LEAST_PAUSE - Date.now()));
  }

  function connect() {
    const stream = new EventSource(base + "/live?after=" + (document.body.dataset.end || ""));
    stream.addEventListener("open", () => { say("Live"); clearInterval(slow); slow = null; });
    stream.addEventListener("news", later);
    stream.addEventListener("error", () => {
      if (stream.readyState !== EventSource.CLOSED) return;
      say("Refreshes now and then");
      if (slow === null) slow = setInterval(later, SLOW);
    });
    addEventListener("pagehide", () => stream.close());
  }

  // What a form came to is said once.
  const here = new URL(location.href);
  if (here.searchParams.has("said")) {
    here.searchParams.delete("said");
    history.replaceState(null, "", here);
  }
  // Choosing in a filter is enough.
  document.querySelectorAll("form.filter select:not([data-stay])").forEach((one) => one.addEventListener("change", () => one.form.requestSubmit()));
  document.addEventListener("visibilitychange", () => { if (!document.hidden && parts().length > 0) later(); });
  if (parts().length > 0 && "EventSource" in window) connect();
  watch();
})();
