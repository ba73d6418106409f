"""Draws what a terminal showed at the end of a session as SVG.

    terminal.py COMMAND < RECORD > PICTURE

COMMAND is what was typed; RECORD is what script(1) wrote.
"""
import html
import re
import sys

WIDTH = 100  # columns
ADVANCE, LINE, MARGIN = 8.43, 20, 16  # pixels; the advance is that of most monospaced fonts at 14 px
CLEAR = "\x1b[K"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def shown(record):
    """The lines as they stood: of a line drawn again and again, the last."""
    for line in record.split("\n"):
        if not line.startswith(("Script started", "Script done")):
            line = line.rstrip("\r")
            yield ESCAPE.sub("", line.rsplit("\r", 1)[-1]) if CLEAR in line else ESCAPE.sub("", line)


def wrapped(line):
    return [line[i:i + WIDTH] for i in range(0, len(line), WIDTH)] or [""]


def text(row, line, style):
    y = MARGIN + 28 + row * LINE
    return (f'<text x="{MARGIN}" y="{y}" class="{style}" textLength="{len(line) * ADVANCE:.1f}" lengthAdjust="spacingAndGlyphs">'
            f'{html.escape(line)}</text>')


lines = [part for line in "\n".join(shown(sys.stdin.read())).strip("\n").split("\n") for part in wrapped(line)]
width, height = WIDTH * ADVANCE + 2 * MARGIN, (len(lines) + 1) * LINE + 2 * MARGIN + 20
print(f'''<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}">
<style>
text {{ font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre; fill: #d5dde7; }}
.command {{ fill: #63b3f2; font-weight: 600; }}
.result {{ fill: #6fcf8f; }}
</style>
<rect width="100%" height="100%" rx="10" fill="#121a25"/>
<g fill="#3a485b"><circle cx="20" cy="16" r="5"/><circle cx="38" cy="16" r="5"/><circle cx="56" cy="16" r="5"/></g>''')
print(text(0, "$ " + sys.argv[1], "command"))
for i, line in enumerate(lines):
    if line:
        print(text(i + 1, line, "result" if "%" in line or "perplexity:" in line else "plain"))
print("</svg>")
