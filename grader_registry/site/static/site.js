/* Search, paging and copying. Without it the pages show the same, less comfortably.
   Whatever comes from a document is set as text, never as markup. */
"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  const counted = (count) => count.toLocaleString("en");
  const make = (tag, text, style) => {
    const node = document.createElement(tag);
    if (text) node.textContent = text;
    if (style) node.className = style;
    return node;
  };
  const soon = (work) => {
    let waiting = 0;
    return () => { clearTimeout(waiting); waiting = setTimeout(work, 60); };
  };
  const words = (field) => field.value.toLowerCase().split(/\s+/).filter(Boolean);

  function search() {
    const box = find("search");
    if (!box) return;
    const rows = [...find("specs").children];
    const [text, kind, grader] = [find("q"), find("kind"), find("grader")];
    const graders = new Map(rows.map((row) => [row, JSON.parse(row.dataset.graders)]));
    const show = () => {
      const wanted = words(text);
      let shown = 0;
      for (const row of rows) {
        const fits = (!kind.value || row.dataset.kind === kind.value)
          && (!grader.value || graders.get(row).includes(grader.value))
          && wanted.every((word) => row.dataset.search.includes(word));
        row.hidden = !fits;
        shown += fits;
      }
      const all = `${counted(rows.length)} spec${rows.length === 1 ? "" : "s"}`;
      find("count").textContent = shown === rows.length ? all : `${counted(shown)} of ${all}`;
      if (rows.length) find("empty").hidden = shown > 0;
    };
    box.hidden = rows.length === 0;
    text.addEventListener("input", soon(show));
    kind.addEventListener("change", show);
    grader.addEventListener("change", show);
    if (find("clear")) find("clear").addEventListener("click", () => {
      text.value = kind.value = grader.value = "";
      show();
      text.focus();
    });
    addEventListener("pageshow", show); // a browser that goes back fills the fields again
  }

  const STATES = { "as expected": ["ok", "✓"], "other than expected": ["bad", "✗"], failed: ["bad", "✗"] };

  function caseRow([id, item, completion, expected, score, state]) {
    const row = make("tr");
    const head = make("th", id);
    head.scope = "row";
    const got = make("td", score);
    if (Object.hasOwn(STATES, state)) {
      const [style, mark] = STATES[state];
      got.append(" ", make("span", `${mark} ${state}`, `state ${style}`));
    }
    row.append(head, make("td", item, "text"), make("td", completion, "text"), make("td", expected), got);
    return row;
  }

  function cases() {
    const all = window.rftCases;
    if (!Array.isArray(all)) return;
    const size = 25;
    const [text, state, body] = [find("case-q"), find("case-state"), find("case-table").tBodies[0]];
    const texts = all.map((row) => row.slice(0, 3).join("\n").toLowerCase());
    let fitting = all, page = 0;
    const show = () => {
      const start = page * size, end = Math.min(start + size, fitting.length);
      body.replaceChildren(...fitting.slice(start, end).map(caseRow));
      const range = fitting.length ? `${counted(start + 1)} to ${counted(end)} of ${counted(fitting.length)}` : "None";
      find("case-count").textContent = fitting.length === all.length ? `${range} cases` : `${range} that fit, of ${counted(all.length)} cases`;
      find("case-before").disabled = page === 0;
      find("case-next").disabled = end >= fitting.length;
    };
    const filter = () => {
      const wanted = words(text);
      fitting = all.filter((row, at) => (!state.value || row[5] === state.value)
        && wanted.every((word) => texts[at].includes(word)));
      page = 0;
      show();
    };
    const turn = (by) => () => {
      page += by;
      show();
      const [before, next] = [find("case-before"), find("case-next")];
      if (document.activeElement === document.body) (before.disabled ? next : before).focus();
    };
    text.addEventListener("input", soon(filter));
    state.addEventListener("change", filter);
    find("case-before").addEventListener("click", turn(-1));
    find("case-next").addEventListener("click", turn(1));
    find("case-filters").hidden = find("case-pager").hidden = false;
    addEventListener("pageshow", filter);
  }

  function copies() {
    for (const box of document.querySelectorAll(".copy")) {
      const code = box.querySelector("code");
      const button = make("button", "Copy");
      button.type = "button";
      button.setAttribute("aria-description", code.getAttribute("aria-label"));
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(code.textContent);
          button.textContent = "Copied";
        } catch { // no permission, or no https: it is selected to be copied by hand
          getSelection().selectAllChildren(code);
          button.textContent = "Selected";
        }
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      });
      box.append(button);
    }
  }

  function printing() {
    let closed = [];
    addEventListener("beforeprint", () => {
      closed = [...document.querySelectorAll("details:not([open])")];
      for (const one of closed) one.open = true;
    });
    addEventListener("afterprint", () => { for (const one of closed) one.open = false; });
  }

  search();
  cases();
  copies();
  printing();
})();
