// A drawing that is wider than its frame begins with what was asked for, not at its left edge.
for (const chosen of document.querySelectorAll(".scroll-x .graph [aria-current]")) {
  const frame = chosen.closest(".scroll-x");
  const here = chosen.getBoundingClientRect();
  const there = frame.getBoundingClientRect();
  frame.scrollLeft += here.left + here.width / 2 - there.left - there.width / 2;
}
