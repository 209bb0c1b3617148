// What every page does: '/' goes to the search box. On a panel's page: which of the texts are
// shown, and which page a passage or a second is on.
"use strict";

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const box = document.getElementById("query") || document.getElementById("find");
    event.preventDefault();
    box.focus();
    box.select();
  }
});

(() => {
  const transcript = document.getElementById("transcript");
  if (!transcript) return;

  function kept(name, value) {
    try {
      if (value !== undefined) localStorage.setItem(name, value);
      return localStorage.getItem(name);
    } catch {
      return null; // a browser that keeps nothing
    }
  }

  const views = document.getElementById("views");
  if (views) {
    views.hidden = false;
    const show = () => {
      transcript.dataset.view = views.elements.view.value;
      kept("symposia-view", views.elements.view.value);
    };
    if (kept("symposia-view")) views.elements.view.value = kept("symposia-view");
    if (!views.elements.view.value) views.elements.view.value = "both";
    views.addEventListener("change", show);
    show();
    const into = document.getElementById("into");
    if (into) {
      into.addEventListener("change", () => {
        for (const each of transcript.querySelectorAll(".translated")) each.hidden = each.lang !== into.value;
      });
    }
  }

  // A panel of many passages has several pages. An address of the panel leads to the right one.
  const page = Number(transcript.dataset.page);
  const starts = JSON.parse(transcript.dataset.pages); // [recording, second] of each page
  const address = (number) => (number ? `${number + 1}.html` : "index.html");
  const pageOf = (recording, seconds) =>
    Math.max(0, starts.findLastIndex(([of, from]) => of < recording || (of === recording && from <= seconds + 0.5)));

  async function seek() {
    const passage = decodeURIComponent(location.hash.slice(1));
    const seconds = new URLSearchParams(location.search).get("t");
    const here = passage && document.getElementById(passage);
    if (here) {
      // Passages out of sight have no height before they are looked at: where they are is known then.
      for (let n = 0; n < 3; n += 1) {
        here.scrollIntoView({ block: "center", behavior: "instant" });
        await new Promise(requestAnimationFrame);
      }
      return;
    }
    let wanted = seconds === null ? page : pageOf(0, Number(seconds));
    if (passage) {
      const answer = await fetch(transcript.dataset.places);
      const places = answer.ok ? await answer.json() : {};
      if (!(passage in places)) return;
      wanted = places[passage];
    }
    if (wanted !== page) location.replace(address(wanted) + location.search + location.hash);
  }
  if (starts.length > 1 || location.hash) {
    seek();
    window.addEventListener("hashchange", seek);
  }

  // What is played goes on beyond the page: the page goes with it.
  const follow = document.getElementById("follow");
  for (const sound of document.querySelectorAll("#player audio, #player video")) {
    sound.addEventListener("timeupdate", () => {
      if (sound.paused || !follow.checked || starts.length < 2) return;
      const wanted = pageOf(Number(sound.dataset.place), sound.currentTime - 0.5);
      if (wanted === page || starts[wanted][0] !== Number(sound.dataset.place) || Number(sound.dataset.place)) return;
      location.href = `${address(wanted)}?t=${sound.currentTime.toFixed(1)}&play=1`;
    });
  }
})();
