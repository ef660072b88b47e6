export const docsStyle = `
:root { color-scheme: light dark; --ink: #17212b; --soft: #5b6b7a; --line: #d8dfe6; --paper: #fff; --tint: #f4f7fa; --accent: #0b5cad;
  --get: #0b6e4f; --post: #0b5cad; --delete: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa9b8; --line: #2c3742; --paper: #10161c; --tint: #18212a;
  --accent: #6cb2ff; --get: #4cc38a; --post: #6cb2ff; --delete: #ff8a80; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); display: grid;
  grid-template-columns: 19rem minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.5rem 1.25rem; background: var(--tint);
  border-right: 1px solid var(--line); font-size: .875rem; }
nav h2 { font-size: .75rem; text-transform: uppercase; letter-spacing: .06em; color: var(--soft); margin: 1.5rem 0 .4rem; }
nav ol { list-style: none; margin: 0; padding: 0; }
nav a { display: flex; gap: .5rem; padding: .15rem 0; color: inherit; text-decoration: none; overflow-wrap: anywhere; }
nav a:hover, nav a:focus { color: var(--accent); }
main { padding: 2rem 3rem 6rem; max-width: 62rem; min-width: 0; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.375rem; margin: 3rem 0 1rem; }
h3 { font-size: 1.0625rem; margin: 0; font-weight: 600; overflow-wrap: anywhere; }
h4 { font-size: .8125rem; margin: 1.25rem 0 .35rem; color: var(--soft); text-transform: uppercase; letter-spacing: .05em; }
section.card { border: 1px solid var(--line); border-radius: .5rem; padding: 1.1rem 1.25rem; margin: 0 0 1.25rem; }
code, .method { font: .875em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.method { font-weight: 700; flex: none; min-width: 4em; }
.get { color: var(--get); } .post { color: var(--post); } .delete { color: var(--delete); }
p { margin: .4rem 0; } .soft { color: var(--soft); }
a { color: var(--accent); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-top: 1px solid var(--line); }
th { font-weight: 600; font-size: .8125rem; color: var(--soft); border-top: 0; }
td:first-child { white-space: nowrap; }
@media (max-width: 56rem) { body { display: block; } nav { position: static; height: auto; border-right: 0;
  border-bottom: 1px solid var(--line); } main { padding: 1.5rem 1.25rem 4rem; } td:first-child { white-space: normal; } }
`;
