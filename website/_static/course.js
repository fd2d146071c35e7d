/* Copy buttons, and names that say what a button shows. The pages work without. */
document.addEventListener("DOMContentLoaded", () => {
  for (const block of document.querySelectorAll(
    ".cell_input .highlight, .bd-article > section .highlight"
  )) {
    if (block.querySelector(".copy")) continue;
    const button = document.createElement("button");
    button.className = "copy";
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      const text = block.querySelector("pre").innerText;
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(block.querySelector("pre"));
        button.textContent = "Selected: press Ctrl+C";
      }
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
    block.append(button);
  }
  for (const named of document.querySelectorAll(
    "summary[aria-label], .search-button-field[aria-label]"
  ))
    named.removeAttribute("aria-label"); // their own text is the name
  for (const wide of document.querySelectorAll(
    "div.formula, .cell_output pre, .highlight pre, .pst-scrollable-table-container"
  ))
    wide.tabIndex = 0; // can be scrolled by keys
});
