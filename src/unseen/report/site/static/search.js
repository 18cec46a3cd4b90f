// The search of the front page. PAPERS comes from papers.js; the cards are in the page and are shown, hidden and sorted.
"use strict";

const UNDECOMPOSED = { "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "ß": "ss" };

// Words without case, accents and punctuation, as unseen.catalogue.query.words_of has them.
function wordsOf(text) {
  const plain = text.toLowerCase().replace(/[øłđðıæœß]/g, (letter) => UNDECOMPOSED[letter]);
  return plain.normalize("NFKD").replace(/\p{M}/gu, "").match(/[\p{L}\p{N}]+/gu) || [];
}

// The sum of the ranks of all words: names 0, authors and area 1, claim 2; -1 if a word occurs nowhere.
function rank(paper, words) {
  let total = 0;
  for (const word of words) {
    const place = [paper.names, paper.context, paper.claim].findIndex((field) => field.includes(" " + word));
    if (place < 0) return -1;
    total += place;
  }
  return total;
}

// The papers that fit, best first; papers of equal rank stay in order.
function select(papers, chosen) {
  const words = wordsOf(chosen.words);
  return papers
    .filter((paper) => !chosen.kind || (paper.kind || "papers") === chosen.kind)
    .filter((paper) => !chosen.area || paper.area === chosen.area)
    .filter((paper) => !chosen.axis || paper.axes.includes(chosen.axis))
    .filter((paper) => !chosen.verdict || paper.verdict === chosen.verdict)
    .map((paper) => ({ paper, rank: rank(paper, words) }))
    .filter((found) => found.rank >= 0)
    .sort((one, other) => one.rank - other.rank)
    .map((found) => found.paper);
}

function start() {
  const form = document.querySelector("form.search");
  const list = document.getElementById("cards");
  const count = document.getElementById("count");
  const names = ["words", "kind", "area", "axis", "verdict"];
  const fields = Object.fromEntries(names.map((name) => [name, document.getElementById(name)]));
  const items = typeof ITEMS === "undefined" ? [] : ITEMS;
  const itemList = items.length ? document.getElementById("items") : null;
  const itemCards = new Map(items.map((item) => [item.id, document.getElementById(item.id)]));
  const cards = new Map(PAPERS.map((paper) => [paper.id, document.getElementById("p" + paper.id)]));

  function show() {
    const chosen = Object.fromEntries(names.map((name) => [name, fields[name].value]));
    const found = select(PAPERS, chosen);
    const kept = new Set(found.map((paper) => paper.id));
    for (const [id, card] of cards) card.hidden = !kept.has(id);
    list.append(...found.map((paper) => cards.get(paper.id)));
    if (itemList) {
      const others = select(items, chosen);
      const keptItems = new Set(others.map((item) => item.id));
      for (const [id, card] of itemCards) card.hidden = !keptItems.has(id);
      itemList.append(...others.map((item) => itemCards.get(item.id)));
      document.getElementById("others").textContent = others.length === 1 ? "1 item" : others.length + " items";
    }
    count.textContent = found.length === 1 ? "1 paper" : found.length + " papers";
  }

  function remember() {
    const filled = names.filter((name) => fields[name].value).map((name) => [name, fields[name].value]);
    const state = filled.length ? "#" + new URLSearchParams(filled) : location.pathname + location.search;
    try {
      history.replaceState(null, "", state);
    } catch (refused) {
      // Some browsers keep the address of a page on disk as it is; the search works all the same.
    }
  }

  function recall() {
    const state = new URLSearchParams(location.hash.slice(1));
    if (location.hash && !names.some((name) => state.has(name))) return;
    for (const name of names) {
      fields[name].value = state.get(name) || "";
      if (fields[name].selectedIndex === -1) fields[name].value = "";
    }
    show();
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { show(); remember(); });
  form.addEventListener("reset", () => setTimeout(() => { show(); remember(); fields.words.focus(); }));
  window.addEventListener("hashchange", recall);
  form.hidden = false;
  recall();
}

if (typeof document !== "undefined") start();
