// The page of a run that is going on: progress and log as they come. The browser connects again by itself when the
// server was away; when the run has ended, the page is loaded anew and shows what came out.
"use strict";

const live = document.getElementById("live");
const bar = document.getElementById("bar");
const words = document.getElementById("words");
const log = document.getElementById("log").firstElementChild;

function show(event) {
  const told = JSON.parse(event.data);
  bar.value = told.fraction;
  words.textContent = told.words;
  if (told.log && log.textContent !== told.log) log.textContent = told.log;
}

const source = new EventSource(live.dataset.events);
source.addEventListener("progress", show);
source.addEventListener("end", (event) => {
  show(event);
  source.close();
  location.reload();
});
source.addEventListener("error", () => {
  words.textContent = "the server is away; the run goes on";
});
