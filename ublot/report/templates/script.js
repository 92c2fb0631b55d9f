"use strict";
const collator = new Intl.Collator(undefined, { numeric: true });
document.querySelectorAll("table.sortable").forEach((table) => {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const number = head.classList.contains("n"), before = head.getAttribute("aria-sort");
    const down = before ? before === "ascending" : number;
    heads.forEach((other) => { other.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => { const cell = row.cells[column]; return "key" in cell.dataset ? cell.dataset.key : cell.textContent.trim(); };
    const order = [...body.rows].map((row) => [row, key(row)]).sort(([, a], [, b]) => {
      if (a === "" || b === "") return (a === "") - (b === "");
      return (down ? -1 : 1) * (number ? a - b : collator.compare(a, b));
    });
    body.append(...order.map(([row]) => row));
  }));
});
const say = (button, text) => {
  const was = button.textContent;
  button.textContent = text;
  setTimeout(() => { button.textContent = was; }, 1500);
};
document.querySelectorAll("button.copy").forEach((button) => button.addEventListener("click", async () => {
  const source = document.getElementById(button.dataset.copy);
  const blocks = source.querySelectorAll("p");
  const text = blocks.length ? [...blocks].map((p) => p.textContent).join("\n") : source.textContent;
  try {
    await navigator.clipboard.writeText(text);
    say(button, "Copied");
  } catch {
    const range = document.createRange();
    range.selectNodeContents(source);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    say(button, document.execCommand("copy") ? "Copied" : "Press Ctrl+C");
  }
}));
document.querySelectorAll("a[data-from]").forEach((link) => { link.href = document.getElementById(link.dataset.from).src; });
const opened = [];
addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach((fold) => {
  fold.open = true;
  opened.push(fold);
}));
addEventListener("afterprint", () => { opened.splice(0).forEach((fold) => { fold.open = false; }); });
