// A button that leads to another page leaves the page as a form always did, also where the form
// itself is sent in the background: `data-plain` keeps its submit from being taken over.
document.addEventListener(
  "submit",
  (event) => {
    if (event.submitter?.hasAttribute("data-plain")) event.stopPropagation();
  },
  true,
);
