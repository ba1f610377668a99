/* Sliders of ipywidgets, wherever on the page they come to stand: names for screen readers, keys, and
 * a line in their panel when no kernel answers. A plain script; every panel brings it, one runs.
 *
 * To screen readers these sliders have no name, and say an index or a number with all its digits.
 * Here they get their visible label for a name and their visible value for a value, and the texts of
 * their panel are read out when they change.
 *
 * When its kernel is gone a slider still moves, and its picture does not. So a panel (panel.py)
 * carries a class that changes as soon as its kernel has heard of a move. Where none comes, what
 * follows depends on what Jupyter says of the kernel. It has cut the slider's line to it, or knows
 * of none, or has lost it: there will be no picture. It is busy: a picture is on its way, however
 * long it takes. It is idle, and yet silent: a crowded computer, most likely, which is waited for
 * longer.
 */
if (!window.coursePanels) {
  window.coursePanels = true;
  const SOON = 1500, LATER = 15000;  // milliseconds
  const SILENCE = "No answer: the kernel of this view is gone or was restarted. Run its cell again.";

  const put = (element, name, value) => {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  };
  const heard = panel => /cv-heard-\d+/.exec(panel.className)?.[0];

  /** How long to wait for an answer from the panel's kernel, as things stand. */
  const patience = panel => {
    const cut = ".jupyter-widgets-disconnected";
    if (panel.matches(cut) || panel.querySelector(cut)) return SOON;
    const sign = panel.closest(".jp-NotebookPanel")?.querySelector(".jp-Notebook-ExecutionIndicator");
    if (!sign) return Infinity;  // not said: a narrow toolbar has no room for it
    return { busy: Infinity, idle: LATER }[sign.dataset.status] ?? SOON;
  };

  const waiting = new Map();  // panels without an answer yet: what they had heard before the move, and when it was

  /** A move was made: unless the panel's kernel hears of it, say so, for as long as it does not. */
  function expectAnswer(panel) {
    const before = heard(panel), earlier = waiting.get(panel);
    if (earlier?.before === before) return;  // the earlier move has no answer either
    waiting.set(panel, { before, begun: performance.now() });
    if (earlier) return;  // it is answered, and its watch goes on for this one
    const look = () => {
      const { before, begun } = waiting.get(panel);
      const answered = heard(panel) !== before;
      if (answered || !panel.isConnected) {
        waiting.delete(panel);
        panel.querySelector(":scope > .cv-silence")?.remove();
        return;
      }
      const late = performance.now() - begun > patience(panel);
      if (late && !panel.querySelector(":scope > .cv-silence")) {
        const line = document.createElement("p");
        line.className = "cv-silence";
        line.setAttribute("role", "status");
        line.style.cssText = "border-left: 4px solid #d9730d; margin: 4px 0; padding-left: 8px";
        panel.append(line);
        line.textContent = SILENCE;  // after the line itself: this is what is read out
      }
      setTimeout(look, 250);
    };
    look();
  }

  /** Name a slider, and follow what it shows. */
  function adopt(handle) {
    const slider = handle.closest(".widget-inline-hbox");
    if (!slider) return;
    handle.dataset.courseNamed = "";
    handle.dataset.lmSuppressShortcuts = "true";  // Jupyter leaves it its keys
    const readout = slider.querySelector(".widget-readout");
    const panel = slider.closest(".cv-panel");
    let shown = readout?.textContent;
    const follow = () => {
      const label = slider.querySelector(".widget-label")?.textContent.trim() || "slider";
      put(handle, "aria-label", label);
      if (!readout) return;
      if (readout.isContentEditable) {
        put(readout, "role", "textbox");
        put(readout, "aria-label", `${label}, value`);
      }
      put(handle, "aria-valuetext", readout.textContent);
      // What is still being typed or dragged may not have been sent.
      if (document.activeElement === readout || slider.querySelector(".noUi-active")) return;
      if (panel && readout.textContent !== shown) expectAnswer(panel);
      shown = readout.textContent;
    };
    new MutationObserver(follow).observe(slider, {
      subtree: true, childList: true, characterData: true, attributeFilter: ["aria-valuetext", "class"],
    });
    follow();
    const texts = slider.closest(".widget-vbox")?.querySelectorAll(".widget-html-content");
    texts?.forEach(text => put(text, "role", "status"));
  }

  const adoptAll = () => {
    document.querySelectorAll(".noUi-handle:not([data-course-named])").forEach(adopt);
    document.querySelectorAll(".jupyter-widgets :is(button, select, input):not([data-lm-suppress-shortcuts])")
      .forEach(control => { control.dataset.lmSuppressShortcuts = "true"; });
  };
  let soon = false;
  new MutationObserver(() => {
    if (soon) return;
    soon = true;
    setTimeout(() => { soon = false; adoptAll(); }, 50);
  }).observe(document.body, { childList: true, subtree: true });
  adoptAll();
}
