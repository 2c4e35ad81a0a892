/* SPDX-License-Identifier: Apache-2.0 */
/* The style sheet of the HTML pages. Its colours have a contrast of at least 4.5 : 1,
 * light and dark. */
#include "http/server/page.h"

const char *const vgi__page_style[] = {
    ":root{color-scheme:light dark;--bg:#fafaf9;--card:#fff;--fg:#1d2127;--muted:#59616c;"
    "--line:#e1e4e8;--code:#f1f3f5;--accent:#0b5fb0;--unary:#17693f;--producer:#8a4600;"
    "--exchange:#6a3fa8}",
    "@media(prefers-color-scheme:dark){:root{--bg:#14171b;--card:#1b1f24;--fg:#e6e9ed;"
    "--muted:#a0a9b5;--line:#2d333b;--code:#242a31;--accent:#79b8ff;--unary:#6fd39b;"
    "--producer:#f0b072;--exchange:#c8abf7}}",
    "*{box-sizing:border-box}",
    "html{scroll-padding-top:1rem;-webkit-text-size-adjust:100%}",
    "body{margin:0;background:var(--bg);color:var(--fg);font:1rem/1.55 system-ui,"
    "-apple-system,\"Segoe "
    "UI\",Roboto,Helvetica,Arial,sans-serif;overflow-wrap:anywhere}",
    "code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,\"DejaVu Sans "
    "Mono\","
    "monospace;font-size:.9em}",
    "a{color:var(--accent);text-decoration-thickness:1px;text-underline-offset:.15em}",
    "a:focus-visible,summary:focus-visible{outline:2px solid var(--accent);"
    "outline-offset:2px;border-radius:3px}",
    /* the frame */
    "body{--width:72rem}", ".text{--width:48rem}",
    ".top{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;align-items:baseline;"
    "max-width:var(--width);margin:0 auto;padding:1rem 1.25rem}",
    ".brand{font-weight:650;color:var(--fg);text-decoration:none}",
    ".top nav{display:flex;gap:1.25rem}",
    ".top nav a{text-decoration:none;color:var(--muted);padding:.2rem 0}",
    ".top nav a:hover,.top nav a[aria-current]{color:var(--fg);"
    "box-shadow:0 2px 0 var(--accent)}",
    "main{max-width:var(--width);margin:0 auto;padding:1rem 1.25rem 2rem}",
    "footer{max-width:var(--width);margin:0 auto;padding:1rem 1.25rem 2rem;"
    "color:var(--muted);font-size:.875rem}",
    /* text */
    "h1{font-size:clamp(1.6rem,5vw,2.2rem);line-height:1.2;letter-spacing:-.01em;"
    "margin:1rem 0 .5rem}",
    "h2{font-size:1.3rem;line-height:1.3;margin:2.25rem 0 .75rem}",
    "h3{font-size:1rem;margin:0}",
    ".lead{font-size:1.1rem;color:var(--muted);margin:.25rem 0 1.5rem;max-width:42rem}",
    ".doc{white-space:pre-line;margin:.5rem 0;max-width:46rem}",
    ".muted{color:var(--muted)}",
    ".button{display:inline-block;padding:.5rem 1rem;border-radius:8px;font-weight:600;"
    "text-decoration:none;color:var(--bg);background:var(--accent)}",
    ".button:hover{text-decoration:underline}",
    "pre{background:var(--code);border:1px solid var(--line);border-radius:8px;"
    "padding:.8rem 1rem;margin:.5rem 0;white-space:pre-wrap;"
    "line-height:1.6}",
    /* names and what they are: two columns, one on a phone */
    "dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;"
    "gap:.45rem 1.5rem;margin:.5rem 0}",
    "dt{color:var(--muted)}", "dt code{color:var(--fg);font-weight:600}",
    "dd{margin:0;min-width:0}",
    "dd dl,div>dl{gap:.15rem 1.5rem;margin:.25rem 0 0;font-size:.95em}",
    ".facts{background:var(--card);border:1px solid var(--line);border-radius:10px;"
    "padding:1rem 1.25rem}",
    ".short{grid-template-columns:max-content minmax(0,1fr)}",
    ".note{color:var(--muted);white-space:pre-line}",
    /* methods */
    ".split{display:grid;grid-template-columns:15rem minmax(0,1fr);gap:2.5rem}",
    ".index{position:sticky;top:0;align-self:start;max-height:100vh;overflow-y:auto;"
    "padding:1rem .5rem 1rem 0;font-size:.9rem}",
    ".index h2{font-size:.9rem;margin:1rem 0 .25rem}",
    ".index h2:first-child{margin-top:0}",
    ".index ul{list-style:none;margin:0;padding:0}",
    ".index a{display:block;padding:.12rem 0;text-decoration:none;color:var(--muted)}",
    ".index a:hover{color:var(--accent)}",
    ".method{background:var(--card);border:1px solid var(--line);border-radius:10px;"
    "padding:1rem 1.25rem;margin:0 0 1rem}",
    ".method:target{border-color:var(--accent);box-shadow:0 0 0 1px var(--accent)}",
    ".method h3{display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:baseline;"
    "justify-content:space-between}",
    ".method h3 a{color:inherit;text-decoration:none}",
    ".method h3 a:hover{text-decoration:underline}",
    ".method h4{font-size:.75rem;font-weight:600;letter-spacing:.05em;"
    "text-transform:uppercase;color:var(--muted);margin:1rem 0 .35rem}",
    ".method p{margin:.35rem 0}",
    ".kind{font-size:.8rem;font-weight:600;color:var(--muted)}",
    ".unary{color:var(--unary)}.producer{color:var(--producer)}"
    ".exchange{color:var(--exchange)}",
    "summary{cursor:pointer;color:var(--muted);font-size:.875rem;margin-top:.75rem;"
    "width:fit-content}",
    "@media(max-width:48rem){.split{grid-template-columns:minmax(0,1fr);gap:1rem}"
    ".index{position:static;max-height:13rem;border:1px solid var(--line);"
    "border-radius:10px;padding:.75rem 1rem;background:var(--card)}"
    ".index a{padding:.3rem 0}}",
    "@media(max-width:34rem){dl:not(.short){grid-template-columns:minmax(0,1fr);gap:0}"
    "dl:not(.short) dd{margin:0 0 .6rem}"
    ".method{padding:.9rem 1rem}}",
    "@media print{.index,.top nav{display:none}.split{display:block}"
    ".method{break-inside:avoid}}",
    NULL
};
