// Tables that sort when a heading is clicked, and a basket that does not reload the page.

const collator = new Intl.Collator(undefined, { numeric: true });

function cellText(row, column) {
  return row.cells[column].textContent.trim();
}

function sortRows(table, column, descending) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  rows.sort((a, b) => collator.compare(cellText(a, column), cellText(b, column)));
  if (descending) {
    rows.reverse();
  }
  body.replaceChildren(...rows);
}

function makeSortable(table) {
  let sortedBy = -1;
  let descending = false;
  table.tHead.addEventListener("click", (event) => {
    const heading = event.target.closest("th");
    if (!heading) {
      return;
    }
    descending = heading.cellIndex === sortedBy && !descending;
    sortedBy = heading.cellIndex;
    sortRows(table, sortedBy, descending);
    for (const other of table.tHead.rows[0].cells) {
      other.removeAttribute("aria-sort");
    }
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
  });
}

async function addToBasket(form) {
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const response = await fetch(form.action, { method: "POST", body: new FormData(form) });
    if (!response.ok) {
      throw new Error(`the shop answered ${response.status}`);
    }
    const basket = await response.json();
    document.dispatchEvent(new CustomEvent("basket", { detail: basket }));
    button.textContent = "Added";
  } catch (error) {
    button.textContent = "Try again";
    console.warn("not added:", error.message);
  } finally {
    button.disabled = false;
  }
}

document.querySelectorAll("table.sortable").forEach(makeSortable);
document.addEventListener("submit", (event) => {
  if (event.target.matches('form[action="/basket"]')) {
    event.preventDefault();
    addToBasket(event.target);
  }
});
