// A picture that follows a slider. The browser's own range input: a keyboard moves it, and a screen reader says its
// name and its value. The sentence under the picture is announced as it changes.
function element(kind, traits, parent) {
  const made = Object.assign(document.createElement(kind), traits);
  parent.append(made);
  return made;
}

function render({ model, el }) {
  const values = model.get("values");
  const row = element("label", {}, el);
  row.append(`${model.get("label")} `);
  const range = element("input", { type: "range", min: 0, max: values.length - 1, value: model.get("place") }, row);
  const value = element("span", { ariaHidden: "true" }, row); // the range says it itself
  range.setAttribute("aria-label", model.get("label"));
  Object.assign(range.style, { verticalAlign: "middle", width: "20em", maxWidth: "60%" });
  range.dataset.lmSuppressShortcuts = "true"; // or JupyterLab takes the arrow keys for its own
  const picture = element("img", { alt: "" }, el); // the sentence under it is its description
  Object.assign(picture.style, { display: "block", maxWidth: "100%", height: "auto" });
  const sentence = element("p", {}, el);
  sentence.setAttribute("role", "status");
  const folded = element("details", {}, el);
  element("summary", { textContent: "In words" }, folded);
  const words = element("p", {}, folded);

  let asked = model.get("place");
  const ask = () => {
    range.setAttribute("aria-valuetext", values[range.value]);
    value.textContent = ` ${values[range.value]}`;
    if (asked !== model.get("shown")) return; // one question at a time: a busy kernel is not given a queue
    asked = Number(range.value);
    model.set("place", asked);
    model.save_changes();
  };
  const paint = () => {
    URL.revokeObjectURL(picture.src);
    picture.src = URL.createObjectURL(new Blob([model.get("picture")], { type: "image/png" }));
    picture.width = model.get("width");
    sentence.textContent = model.get("sentence");
    words.textContent = model.get("words");
    if (Number(range.value) !== asked) ask(); // it has moved on meanwhile
  };
  range.addEventListener("input", ask);
  model.on("change:shown", paint);
  model.on("change:place", () => {
    asked = model.get("place"); // another view of this slider may have moved it
    range.value = asked;
    ask();
  });
  ask();
  paint();
  return () => URL.revokeObjectURL(picture.src);
}

export default { render };
