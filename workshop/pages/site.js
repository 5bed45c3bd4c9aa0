// A slider on a page: saved frames under the browser's own range input, each loaded when it is first asked for.
function wake(slider) {
  const { name, values, files, words } = JSON.parse(slider.dataset.frames);
  const [range, value] = [slider.querySelector("input"), slider.querySelector("span")];
  const [picture, sentence] = [slider.querySelector("img"), slider.querySelector("[role=status]")];
  const say = () => {
    range.setAttribute("aria-valuetext", values[range.value]);
    value.textContent = values[range.value];
  };
  range.addEventListener("input", () => {
    say();
    picture.hidden = false;
    picture.src = files[range.value];
    sentence.textContent = words[range.value];
  });
  range.setAttribute("aria-label", name);
  say();
  slider.hidden = false;
}

// A link into what is folded opens it; so does one to the heading above.
function unfold() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  const folded = target && target.querySelector(":scope > details.deeper");
  if (folded) folded.open = true;
  if (target) target.scrollIntoView();
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".frames").forEach(wake);
  window.addEventListener("hashchange", unfold);
  unfold();
});
window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((folded) => (folded.open = true)));
