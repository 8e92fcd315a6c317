"use strict";
// A click on a column's head sorts its table. Without this script the tables are as they are.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      const number = head.classList.contains("number");
      // Numbers begin with the largest, names with the first; a third click restores the order.
      const first = number ? "descending" : "ascending";
      const second = number ? "ascending" : "descending";
      const order = before === null ? first : before === first ? second : null;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      if (order === null) {
        body.append(...rows);
        return;
      }
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const compare = (a, b) => {
        const x = a.cells[column], y = b.cells[column];
        if ("order" in x.dataset && "order" in y.dataset) {
          const p = parseFloat(x.dataset.order), q = parseFloat(y.dataset.order);
          if (!Number.isNaN(p) && !Number.isNaN(q)) return p < q ? -1 : p > q ? 1 : 0;
        }
        return x.textContent.localeCompare(y.textContent, "en", { numeric: true });
      };
      body.append(...[...rows].sort((a, b) => sign * compare(a, b)));
    });
  });
}
