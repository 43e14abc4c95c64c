// Says when the server does not answer, so that old figures are not taken for new ones, and keeps
// what stands while it does not (look.md section 1: honest before pretty).
const toast = document.getElementById("unanswered");
let since = "";

function lost() {
  if (since) return;
  since = new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  toast.querySelector("span").textContent = `No answer since ${since}. What is shown is from before.`;
  toast.hidden = false;
}

function answers() {
  since = "";
  toast.hidden = true;
}

document.addEventListener("htmx:error", (event) => {
  if (event.detail.error instanceof TypeError) lost();
});
document.addEventListener("htmx:before:response", (event) => {
  if (event.detail.ctx.response.status < 500) return answers();
  event.preventDefault(); // an answer about a failure takes no figure's place
  lost();
});
