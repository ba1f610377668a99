"""Keys that Jupyter leaves to what has the focus: a script that goes with all that has controls.

JupyterLab hears of a key after the page, and leaves alone what was used there. Notebook 7 hears of
it first: an arrow key then goes to another cell, and `d`, `d` deletes the one in which a button has
the focus. Both leave a key to an element that has the attribute, whatever the key. But Ctrl-S,
Shift-Enter and Escape are Jupyter's also there, so that for these the attribute is taken away, and
put back when they have gone by. (The window hears of a key before the document, where Jupyter
listens.)
"""

SUPPRESS = "data-lm-suppress-shortcuts"  # of JupyterLab: "lm" is Lumino, which hands out the keys

KEYS = f"""
if (!window.courseKeys) {{
  window.courseKeys = true;
  const ours = ".course-view, .course-quiz, .course-cards, .course-path, .jupyter-widgets";
  window.addEventListener("keydown", ({{ target, key, shiftKey, altKey, ctrlKey, metaKey }}) => {{
    if (!target.closest?.(ours)) return;
    target.setAttribute("{SUPPRESS}", "true");
    if (!ctrlKey && !metaKey && key !== "Tab" && key !== "Escape"
        && !(key === "Enter" && (shiftKey || altKey))) return;
    target.removeAttribute("{SUPPRESS}");
    setTimeout(() => target.setAttribute("{SUPPRESS}", "true"));
  }}, true);
}}
"""
