// A click on a heading sorts the table by that column; a second one turns the order round.
const body = document.querySelector("tbody");
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const heading = button.parentElement;
    const rising = heading.getAttribute("aria-sort") !== "ascending";
    for (const other of heading.parentElement.children) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const key = (row) => row.cells[heading.cellIndex].dataset.key ?? "";
    const words = heading.classList.contains("words");
    const compare = words
      ? (a, b) => key(a).localeCompare(key(b), undefined, { numeric: true })
      : (a, b) => Number(key(a)) - Number(key(b));
    // What has no figure comes last, whatever the direction.
    const rows = [...body.rows].sort(
      (a, b) => (key(a) === "") - (key(b) === "") || (rising ? compare(a, b) : compare(b, a)),
    );
    body.append(...rows);
  });
}
