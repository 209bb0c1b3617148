// The panel page: sound and text go together. Words are marked as they are said without an
// element for each: the browser paints a range of the text (CSS custom highlights).
"use strict";

(() => {
  const player = document.getElementById("player");
  const transcript = document.getElementById("transcript");
  const lines = [...transcript.querySelectorAll(".line")];
  const places = lines.map((line) => ({
    line,
    start: Number(line.dataset.s),
    end: Number(line.dataset.e),
    recording: Number(line.dataset.r || 0),
  }));
  document.getElementById("voices").open = window.matchMedia("(min-width: 60rem)").matches;
  const sounds = player ? [...player.querySelectorAll("audio, video")] : [];
  const keysOn = document.getElementById("keys");
  const follow = document.getElementById("follow");
  const speed = document.getElementById("speed");
  const playButton = player && player.querySelector("[data-do=play]");
  const words = new Map(); // recording id -> word times by passage id, once they have come
  let sound = sounds[0] || null;
  let current = null; // the line that is said now
  let chosen = -1; // the line that keys have moved to
  let painted = "";

  const recordingOf = (each) => Number(each.dataset.place);

  function use(recording) {
    const wanted = sounds.find((each) => recordingOf(each) === recording);
    if (!wanted || wanted === sound) return wanted;
    sound.pause();
    sound.hidden = true;
    wanted.hidden = false;
    wanted.playbackRate = sound.playbackRate;
    sound = wanted;
    return wanted;
  }

  function seek(recording, seconds, play) {
    const wanted = use(recording);
    if (!wanted) return;
    const go = () => {
      wanted.currentTime = Math.max(0, seconds);
      show();
    };
    if (wanted.readyState >= 1) go();
    else {
      wanted.addEventListener("loadedmetadata", go, { once: true });
      wanted.load();
    }
    if (play) wanted.play().catch(() => {});
  }

  // The passage of a recording that is said at a time: the last that began, if it has not long ended.
  function placeAt(recording, seconds) {
    let found = null;
    for (const place of places) {
      if (place.recording !== recording) continue;
      if (place.start > seconds + 0.02) break;
      if (seconds < place.end + 0.3) found = place;
    }
    return found;
  }

  async function loadWords() {
    const id = sound.dataset.recording;
    if (words.has(id)) return;
    words.set(id, {});
    if (!sound.dataset.words) return;
    const answer = await fetch(sound.dataset.words);
    if (answer.ok) words.set(id, (await answer.json()).passages);
  }

  // A range of characters of a passage's text, which may be in several text nodes (evidence is marked).
  function rangeOf(paragraph, at, length) {
    const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    let reached = 0;
    let begun = false;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const size = node.data.length;
      if (!begun && at < reached + size) {
        range.setStart(node, at - reached);
        begun = true;
      }
      if (begun && at + length <= reached + size) {
        range.setEnd(node, at + length - reached);
        return range;
      }
      reached += size;
    }
    return null;
  }

  function paint(place, seconds) {
    if (!window.Highlight || !CSS.highlights) return;
    const times = (words.get(sound.dataset.recording) || {})[place ? place.line.id : ""] || [];
    const now = seconds * 1000;
    let word = -1;
    for (let i = 0; i < times.length && times[i + 2] <= now; i += 4) word = i;
    const name = word < 0 ? "" : `${place.line.id} ${word}`;
    if (name === painted) return;
    painted = name;
    CSS.highlights.delete("spoken");
    if (word < 0) return;
    const range = rangeOf(place.line.querySelector(".said"), times[word], times[word + 1]);
    if (range) CSS.highlights.set("spoken", new Highlight(range));
  }

  const timeline = document.getElementById("timeline");
  const playhead = document.getElementById("playhead");

  function total() {
    return sounds.reduce((sum, each) => sum + (each.duration || 0), 0);
  }

  function before(recording) {
    return sounds.filter((each) => recordingOf(each) < recording).reduce((sum, each) => sum + (each.duration || 0), 0);
  }

  function show() {
    const seconds = sound.currentTime;
    const place = placeAt(recordingOf(sound), seconds);
    if (place !== current) {
      if (current) {
        current.line.classList.remove("now");
        current.line.removeAttribute("aria-current");
      }
      current = place;
      if (place) {
        place.line.classList.add("now");
        place.line.setAttribute("aria-current", "true");
        chosen = places.indexOf(place);
        if (follow.checked && !sound.paused) bring(place.line);
      }
    }
    paint(place, seconds);
    if (total()) {
      playhead.hidden = false;
      playhead.style.insetInlineStart = `${(100 * (before(recordingOf(sound)) + seconds)) / total()}%`;
    }
  }

  function bring(line) {
    const box = line.getBoundingClientRect();
    if (box.top < 90 || box.bottom > window.innerHeight - 60) line.scrollIntoView({ block: "center" });
  }

  function frame() {
    show();
    if (!sound.paused) requestAnimationFrame(frame);
  }

  function toggle() {
    if (sound.paused) sound.play().catch(() => {});
    else sound.pause();
  }

  function step(by, wanted = () => true) {
    let next = chosen;
    do next += by;
    while (next >= 0 && next < places.length && !wanted(places[next]));
    if (next < 0 || next >= places.length) return;
    chosen = next;
    places[next].line.focus({ preventScroll: true });
    bring(places[next].line);
    if (sound) seek(places[next].recording, places[next].start, false);
  }

  function faster(by) {
    if (!speed) return;
    speed.selectedIndex = Math.min(speed.options.length - 1, Math.max(0, speed.selectedIndex + by));
    speed.dispatchEvent(new Event("change"));
  }

  function edit() {
    const line = places[chosen] && places[chosen].line;
    const link = line && line.querySelector(".edit");
    if (link) link.click();
  }

  const onKey = {
    k: () => sound && toggle(),
    j: () => sound && seek(recordingOf(sound), sound.currentTime - 5, false),
    l: () => sound && seek(recordingOf(sound), sound.currentTime + 5, false),
    n: () => step(1),
    p: () => step(-1),
    d: () => step(1, (place) => place.line.classList.contains("doubtful")),
    e: edit,
    "<": () => faster(-1),
    ">": () => faster(1),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keysOn.checked) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select")) return;
    const deed = onKey[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (deed) {
      event.preventDefault();
      deed();
    }
  });

  function remember(box, name) {
    if (!box) return;
    try {
      box.checked = localStorage.getItem(name) !== "off";
      box.addEventListener("change", () => localStorage.setItem(name, box.checked ? "on" : "off"));
    } catch {
      // A browser that keeps nothing: the box works for this page.
    }
  }
  remember(keysOn, "symposia-keys");
  remember(follow, "symposia-follow");

  // A click on a time plays from there; the address says where, so that it can be passed on.
  transcript.addEventListener("click", (event) => {
    const at = event.target.closest(".at");
    if (!at || !sound || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const place = places.find((each) => each.line === at.closest(".line"));
    history.replaceState(null, "", at.getAttribute("href"));
    seek(place.recording, place.start, true);
  });

  if (sound) {
    timeline.classList.add("live");
    timeline.addEventListener("click", (event) => {
      const strip = event.target.closest("svg");
      if (!strip || !total()) return;
      const box = strip.getBoundingClientRect();
      let seconds = ((event.clientX - box.left) / box.width) * total();
      for (const each of sounds) {
        if (seconds <= each.duration || each === sounds[sounds.length - 1]) {
          seek(recordingOf(each), seconds, !sound.paused);
          const place = placeAt(recordingOf(each), seconds);
          if (place) bring(place.line);
          return;
        }
        seconds -= each.duration;
      }
    });
    for (const each of sounds) {
      each.addEventListener("play", () => {
        loadWords();
        playButton.textContent = transcript.dataset.pause;
        requestAnimationFrame(frame);
      });
      each.addEventListener("pause", () => {
        playButton.textContent = transcript.dataset.play;
      });
      each.addEventListener("seeked", () => {
        loadWords().then(show);
      });
      each.addEventListener("ended", () => {
        const next = sounds.find((other) => recordingOf(other) > recordingOf(each));
        if (next) seek(recordingOf(next), 0, true);
      });
      const source = each.querySelector("source");
      (source || each).addEventListener("error", () => {
        document.getElementById("trouble").hidden = false;
      });
    }
    speed.addEventListener("change", () => {
      for (const each of sounds) each.playbackRate = Number(speed.value);
    });
    player.addEventListener("click", (event) => {
      const deed = event.target.dataset.do;
      if (deed === "play") toggle();
      if (deed === "back") seek(recordingOf(sound), sound.currentTime - 5, false);
      if (deed === "on") seek(recordingOf(sound), sound.currentTime + 5, false);
    });
  }

  // A link to a passage and its second: ?t=41#PASSAGE.
  const asked = new URLSearchParams(location.search);
  const linked = decodeURIComponent(location.hash.slice(1));

  function goTo(target) {
    const place = places.find((each) => each.line === target);
    if (place) {
      chosen = places.indexOf(place);
      place.line.scrollIntoView({ block: "center" });
      place.line.focus({ preventScroll: true });
    }
    const lost = linked && !place && sounds.length > 1; // nobody knows in which recording the second is
    if (sound && (place || (asked.has("t") && !lost))) {
      const seconds = Number(asked.get("t")) || 0;
      const within = !place || (seconds > place.start && seconds < place.end);
      seek(place ? place.recording : recordingOf(sound), within ? seconds : place.start, asked.has("play"));
      if (asked.has("play")) {
        // The address that is left is the one to cite: whoever opens it is not startled by sound.
        asked.delete("play");
        history.replaceState(null, "", `?${asked}${location.hash}`);
      }
    }
  }

  // A passage that was joined to another or cut anew: where it is now.
  async function openFormer() {
    const answer = await fetch(transcript.dataset.passages + encodeURIComponent(linked));
    const now = answer.ok ? await answer.json() : { id: "" };
    const target = document.getElementById(now.id);
    if (target) history.replaceState(null, "", `${location.search}#${encodeURIComponent(now.id)}`);
    goTo(target);
  }

  const target = linked && document.getElementById(linked);
  if (linked && !target && transcript.dataset.passages) openFormer();
  else goTo(target);
})();
