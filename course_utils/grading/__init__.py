"""Mark a class without trusting anybody: `python -m course_utils grade`.

    submissions.py  what was handed in, read with care;  source.py  an answer's source, taken out
    box.py          the walls around a stranger's code;  boxes.py   where boxes come from
    calls.py        the system calls that no box gets
    inside.py       the one who calls the answer, in its box
    wire.py         values as plain bytes, all that comes out;  crossing.py  what both sides share
    apart.py        what stands for the answer where the checks run;  marking.py  the verdict
    exam.py         the tasks of the exam: checked ones judged so too, open ones left to a reader
    trial.py        the walls, tried before they are believed
    gradebook.py    the table, and a page for each learner;  grade.py  all of it together

What holds, and what does not:

- Each submission has a process that marks it, and each answer a box of its own: no network, no
  other process, nothing to read but Python, the course without its solutions, and the data, and 64
  MB in memory to write to; limits on time, memory, processes and files; no output is kept.
- Out of a box come numbers, texts and tensors, never an object. For most exercises that is what the
  answer returned, and the verdict is given where its code never runs: there is nothing to forge.
- Classes and four functions are checked together with the answer, in its box (`marking` says why):
  no harm to anybody, but the verdict of such a check can be forged by who knows how. The table has
  `together` beside them; an answer that passes, and whose source has names that could reach the
  check, is left to be marked by hand.
- The work of children that live for less than a tenth of a second, and for whom nobody waits,
  counts in no limit but that of the clock on the wall: a minute for each reply.
- The solutions are public, and an answer may be a copy of one, or a friend's. Nothing here sees
  that; only what is called, or imported, from the course is named.
- The walls are the kernel's. Who knows a hole in it gets out; this is no virtual machine.
"""
