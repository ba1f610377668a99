// Keys lead from slide to slide, and the address remembers where one is. Without this one scrolls.
const slides = [...document.querySelectorAll("section")];
const steps = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, Enter: 1, ArrowLeft: -1, ArrowUp: -1,
  PageUp: -1, Home: -slides.length, End: slides.length };
const here = () => slides.findIndex(slide => slide.getBoundingClientRect().bottom > innerHeight / 2);
const dark = matchMedia("(prefers-color-scheme: dark)");

addEventListener("keydown", event => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const { dataset } = document.documentElement;
  if (event.key === "d") dataset.theme = (dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark" ? "light" : "dark";
  let step = steps[event.key];
  if (!step || event.target.matches("a") && event.key === "Enter") return; // a link is followed
  if (event.key === " " && event.shiftKey) step = -1;
  event.preventDefault();
  const next = slides[Math.min(Math.max(here() + step, 0), slides.length - 1)];
  next.scrollIntoView();
  next.focus({ preventScroll: true }); // so that it is read out
  history.replaceState(null, "", `#${next.id}`);
});
