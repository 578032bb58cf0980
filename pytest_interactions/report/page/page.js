"use strict";
// The details of a test lie in a <noscript>, which is text for a browser that runs scripts: they cost nothing until
// they are opened, and are there for one that runs none.
(() => {
  const root = document.documentElement;
  const list = document.getElementById("tests");
  const items = [...list.children];
  const search = document.getElementById("search");
  const none = document.getElementById("none");
  const keys = document.getElementById("keys");
  const testOf = (item) => item.querySelector("details.test");
  root.classList.add("scripted");

  // --- opening ---

  const fill = (test) => {
    const inert = test.querySelector(":scope > noscript");
    if (!inert) return;
    const template = document.createElement("template");
    template.innerHTML = inert.textContent;
    inert.replaceWith(template.content);
  };
  // A document may run what is in it, in a viewer that keeps it apart: so only who asks for it sees it.
  const show = (pdf) => {
    const inert = pdf.querySelector("template");
    if (inert) inert.replaceWith(inert.content);
  };
  const link = (test) => "#test=" + encodeURIComponent(test.dataset.id);
  const remember = (hash) => {
    try { history.replaceState(null, "", hash); } catch { /* a viewer that has no history */ }
  };
  list.addEventListener("toggle", (event) => {
    const test = event.target;
    if (test.matches("details.pdf")) show(test);
    if (!test.matches("details.test")) return;
    if (test.open) {
      fill(test);
      if (!location.hash.startsWith(link(test) + "&") ) remember(link(test));
    } else if ((location.hash + "&").startsWith(link(test) + "&")) {
      remember(location.pathname + location.search);
    }
  }, true);

  const follow = () => {
    const wanted = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B"));
    const id = wanted.get("test");
    const item = id !== null && items.find((each) => testOf(each).dataset.id === id);
    if (!item) return;
    item.hidden = false;
    const test = testOf(item);
    test.open = true;
    fill(test);
    document.querySelectorAll("section.turn.wanted").forEach((each) => each.classList.remove("wanted"));
    const place = wanted.get("cassette") || "1";
    const turn = [...test.querySelectorAll("section.turn")].find(
      (each) => each.dataset.turn === wanted.get("turn") && each.dataset.cassette === place);
    if (turn) turn.classList.add("wanted");
    (turn || item).scrollIntoView({ block: "start" });
    test.querySelector("summary").focus({ preventScroll: true });
  };
  window.addEventListener("hashchange", follow);

  // --- searching and filtering ---

  const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&", "&#34;": '"', "&#39;": "'" };
  const texts = new Map();
  const textOf = (item) => {
    if (!texts.has(item)) {
      const inert = item.querySelector("noscript");
      const detail = inert ? inert.textContent.replace(/<[^>]*>/g, " ").replace(/&(?:lt|gt|amp|#34|#39);/g, (each) => ENTITIES[each])
        : item.querySelector(".detail").textContent;
      texts.set(item, (testOf(item).dataset.id + " " + item.querySelector("summary").textContent + " " + detail).toLowerCase());
    }
    return texts.get(item);
  };
  const shown = () => items.filter((item) => !item.hidden);
  const sift = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcomes = [...document.querySelectorAll('.filter[aria-pressed="true"]')].map((each) => each.dataset.outcome);
    for (const item of items) {
      const fits = !outcomes.length || outcomes.includes(item.dataset.outcome);
      item.hidden = !(fits && (!words.length || words.every((word) => textOf(item).includes(word))));
    }
    const count = shown().length;
    none.textContent = count === items.length ? "" : count ? count + " of " + items.length : "Nothing fits.";
  };
  let waiting = 0;
  search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(sift, 80); });
  for (const filter of document.querySelectorAll(".filter")) {
    filter.addEventListener("click", () => {
      filter.setAttribute("aria-pressed", filter.getAttribute("aria-pressed") === "false");
      sift();
    });
  }

  // --- sorting ---

  const VALUES = {
    outcome: (item) => Number(item.dataset.place),
    name: (item) => testOf(item).dataset.id,
    turns: (item) => Number(item.dataset.turns),
    tools: (item) => Number(item.dataset.tools),
    tokens: (item) => Number(item.dataset.tokens),
    latency: (item) => Number(item.dataset.latency),
  };
  const FIRST_DOWN = { turns: true, tools: true, tokens: true, latency: true };
  const sorts = [...document.querySelectorAll(".sort")];
  const sort = (button) => {
    const value = VALUES[button.dataset.key];
    const again = button.getAttribute("aria-pressed") === "true";
    const falling = again ? button.dataset.falling !== "true" : Boolean(FIRST_DOWN[button.dataset.key]);
    for (const each of sorts) each.setAttribute("aria-pressed", each === button);
    button.dataset.falling = falling;
    button.dataset.down = !falling;
    const compare = (one, other) => (value(one) < value(other) ? -1 : value(one) > value(other) ? 1 : 0);
    items.sort((one, other) => (falling ? -compare(one, other) : compare(one, other)) || one.dataset.place - other.dataset.place);
    list.append(...items);
  };
  for (const button of sorts) button.addEventListener("click", () => sort(button));

  // --- keys, theme, copying ---

  const move = (by) => {
    const rows = shown();
    const at = rows.findIndex((item) => item.contains(document.activeElement));
    const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))];
    if (next) {
      next.querySelector("summary").focus();
      next.scrollIntoView({ block: "nearest" });
    }
  };
  const escape = () => {
    const item = items.find((each) => each.contains(document.activeElement));
    if (document.activeElement === search || search.value) {
      search.value = "";
      sift();
      search.blur();
    } else if (item && testOf(item).open) {
      testOf(item).open = false;
      item.querySelector("summary").focus();
    }
  };
  const ACTIONS = {
    j: () => move(1), k: () => move(-1), "/": () => search.focus(), "?": () => keys.showModal(), Escape: escape,
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target === search && event.key !== "Escape";
    if (typing || keys.open || event.ctrlKey || event.metaKey || event.altKey || !(event.key in ACTIONS)) return;
    event.preventDefault();
    ACTIONS[event.key]();
  });
  document.getElementById("help").addEventListener("click", () => keys.showModal());

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const store = (theme) => { try { localStorage.setItem("pytest-interactions-theme", theme); } catch { /* none */ } };
  const stored = () => { try { return localStorage.getItem("pytest-interactions-theme"); } catch { return null; } };
  if (["light", "dark"].includes(stored())) root.dataset.theme = stored();
  document.getElementById("theme").addEventListener("click", () => {
    const now = root.dataset.theme || (dark.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    store(root.dataset.theme);
  });

  list.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      button.textContent = "Selected";
    }
  });

  window.addEventListener("load", follow); // before, the browser scrolls back
})();
