// Reviewing: the passage's sound, and keys for what is done most. All of it works by the buttons too.
"use strict";

(() => {
  const sound = document.getElementById("sound");
  const again = document.getElementById("again");
  const desk = document.getElementById("desk");

  function play() {
    if (!sound) return;
    if (!sound.paused) {
      sound.pause();
      return;
    }
    sound.currentTime = Number(sound.dataset.s);
    sound.play().catch(() => {});
  }

  if (sound) {
    again.addEventListener("click", play);
    sound.addEventListener("timeupdate", () => {
      if (!sound.paused && sound.currentTime >= Number(sound.dataset.e)) sound.pause();
    });
  }

  let changed = false;
  if (desk) {
    desk.addEventListener("input", () => (changed = true));
    desk.addEventListener("submit", () => (changed = false));
    window.addEventListener("beforeunload", (event) => {
      if (changed) event.preventDefault(); // what was written is not lost by a wrong key
    });
  }

  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || !desk) return;
    const press = (deed) => {
      event.preventDefault();
      desk.querySelector(`[name=deed][value=${deed}]`).click();
    };
    if (event.key === "Enter") press(event.shiftKey ? "approved" : "reviewed");
    else if (event.key === "s") press("save");
    else if (event.code === "Space") {
      event.preventDefault();
      play();
    }
  });

  const first = document.querySelector("[data-first]");
  if (first && document.activeElement === document.body) first.focus();
})();
