// render-notes.mjs: draws documents as GitHub would show them; render-notes.sh runs it.
//
//     node render-notes.mjs MODULES BROWSER FILE...
//
// marked makes the page, mermaid draws its diagrams in the browser, which puppeteer-core drives. MODULES is
// the folder with these packages.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";

const [folder, executablePath, ...files] = process.argv.slice(2);
const require = createRequire(resolve(folder, "x.js"));
const { marked } = require("marked");
const { gfmHeadingId } = await import(require.resolve("marked-gfm-heading-id"));
const width = 890;
const piece = 1600;
let passed = 0;
let failed = 0;

marked.use(gfmHeadingId());

// The lines on which the diagrams begin.
function findDiagrams(source) {
    const lines = [];
    let line = 1;

    for (const { type, lang, raw } of marked.lexer(source)) {
        if (type === "code" && lang === "mermaid") lines.push(line);
        line += raw.split("\n").length - 1;
    }
    return lines;
}

// Its pictures and links are relative to where the document stands.
function makePage(file, source) {
    return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${file}</title>
<base href="file://${resolve(dirname(file))}/">
<link rel="stylesheet" href="file://${require.resolve("github-markdown-css/github-markdown-light.css")}">
<style>
body { margin: 0; background: #fff; }
#page { box-sizing: border-box; width: ${width}px; padding: 24px 26px; }
</style>
<article class="markdown-body" id="page">${marked.parse(source)}</article>
</html>`;
}

// In the browser: returns what is wrong, each with its line.
async function drawDiagrams(lines) {
    const problems = [];

    mermaid.initialize({ startOnLoad: false, securityLevel: "strict", suppressErrorRendering: true });
    for (const [index, block] of [...document.querySelectorAll("code.language-mermaid")].entries()) {
        try {
            const { svg } = await mermaid.render(`diagram-${index}`, block.textContent);

            block.parentElement.outerHTML = `<div style="margin-bottom: 16px; text-align: center">${svg}</div>`;
        } catch (error) {
            // Its parser knows the line, up to one behind the last; others tell of the whole block.
            const last = block.textContent.trimEnd().split("\n").length;

            problems.push([lines[index] + Math.min(error.hash?.loc?.first_line ?? 0, last), `mermaid says: ${error.message}`]);
        }
    }
    return problems;
}

// In the browser: pictures that are not there, and tables that are wider than the page. Of a block with
// long lines GitHub shows the rest when one scrolls.
async function checkLayout() {
    const isWide = (table) => table.scrollWidth > document.getElementById("page").clientWidth;

    await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
    return [
        ...[...document.images].filter((image) => image.naturalWidth === 0)
            .map((image) => [1, `this picture cannot be shown: ${image.getAttribute("src")}`]),
        ...[...document.querySelectorAll("table")].filter(isWide)
            .map((table) => [1, `this table is wider than the page: ${table.rows[0].textContent}`]),
    ];
}

async function render(page, file, name) {
    const source = readFileSync(file, "utf8");

    writeFileSync(`${name}.html`, makePage(file, source));
    await page.goto(`file://${resolve(name)}.html`);
    await page.addScriptTag({ path: require.resolve("mermaid/dist/mermaid.min.js") });
    const problems = [...(await page.evaluate(drawDiagrams, findDiagrams(source))), ...(await page.evaluate(checkLayout))];
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    let number = 0;

    for (let y = 0; y < height; y += piece) {
        const clip = { x: 0, y, width, height: Math.min(piece, height - y) };

        await page.screenshot({ path: `${name}-${++number}.png`, clip, captureBeyondViewport: true });
    }
    await page.$$eval("script", (scripts) => scripts.forEach((script) => script.remove()));
    writeFileSync(`${name}.html`, await page.content());
    for (const [line, text] of problems) console.log(`FAIL ${file}:${line}: ${text.replace(/\s+/g, " ").trim()}`);
    failed += problems.length;
    if (problems.length > 0) return;
    console.log(`ok   ${file}: ${name}.html, ${number} pictures`);
    passed++;
}

// In a container chromium runs as root and has no sandbox; the page is our own.
const browser = await require("puppeteer-core").launch({
    executablePath, defaultViewport: { width, height: piece }, args: ["--no-sandbox", "--allow-file-access-from-files"],
});
const page = await browser.newPage();

for (const file of files) {
    const name = file.replace(/^\//, "").replace(/\/README\.md$|\.md$/, "").replaceAll("/", "-");

    await render(page, file, `build/notes/${name}`);
}
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
