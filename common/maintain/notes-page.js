// notes-page.js: makes a page of a document in the browser, as GitHub would. render-notes.sh puts it
// into each page, behind the libraries marked and mermaid.
//
// The document's text is in #source. What is wrong goes to #problems, a list item for each, with the
// line in data-line; render-notes.sh reads it from there. The page's height goes to data-height of the
// body when all is drawn. In the address, #from=N leaves out the first N pixels.

'use strict';

const source = document.getElementById('source').textContent;
const page = document.getElementById('page');
const problems = document.getElementById('problems');

function report(line, text) {
    const item = document.createElement('li');

    item.dataset.line = line;
    item.textContent = text.replace(/\s+/g, ' ').trim();
    problems.append(item);
}

// The lines on which the blocks of this kind begin, the first first.
function findBlocks(kind) {
    const lines = [];
    let isInside = false;

    source.split('\n').forEach((text, index) => {
        const block = text.match(/^ *(```+|~~~+)(.*)/);

        if (block && !isInside && block[2].trim().split(' ')[0] === kind)
            lines.push(index + 1);
        if (block)
            isInside = !isInside;
    });
    return lines;
}

// The anchors that GitHub gives to headings.
function addAnchors() {
    const used = {};

    for (const heading of page.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
        let id = heading.textContent.toLowerCase().replace(/[^\p{L}\p{N}\p{M} _-]/gu, '').replace(/ /g, '-');

        if (id in used)
            id += '-' + used[id]++;
        else
            used[id] = 1;
        heading.id = id;
    }
}

async function drawDiagrams() {
    const lines = findBlocks('mermaid');
    const blocks = [...page.querySelectorAll('pre > code.language-mermaid')];

    mermaid.initialize({ startOnLoad: false, securityLevel: 'strict', suppressErrorRendering: true });
    for (const [index, block] of blocks.entries()) {
        try {
            const { svg } = await mermaid.render('diagram-' + index, block.textContent);
            const box = document.createElement('div');

            box.className = 'diagram';
            box.innerHTML = svg;
            block.parentElement.replaceWith(box);
        } catch (error) {
            // Its parser knows the line, up to one behind the last; others tell of the whole block.
            const last = block.textContent.trimEnd().split('\n').length;
            const line = Math.min(error.hash?.loc?.first_line ?? 0, last);

            report(lines[index] + line, 'mermaid says: ' + error.message);
        }
    }
}

// A picture that is not there, and a table that is wider than the page. Of a block with long lines
// GitHub shows the rest when one scrolls.
function checkLayout() {
    for (const image of page.querySelectorAll('img'))
        if (image.naturalWidth === 0)
            report(1, 'this picture cannot be shown: ' + image.getAttribute('src'));
    for (const table of page.querySelectorAll('table'))
        if (table.scrollWidth > page.clientWidth)
            report(1, 'this table is wider than the page: ' + table.rows[0].textContent);
}

async function main() {
    page.innerHTML = marked.parse(source, { gfm: true });
    addAnchors();
    await drawDiagrams();
    await Promise.all([...page.querySelectorAll('img')].map((image) => image.decode().catch(() => {})));
    checkLayout();
    document.body.dataset.height = Math.ceil(document.documentElement.scrollHeight);
    const from = location.hash.match(/^#from=(\d+)$/);

    if (from)
        document.body.style.marginTop = -Number(from[1]) + 'px';
}

main().catch((error) => {
    report(1, 'the page cannot be made: ' + error.message);
    document.body.dataset.height = 1000;
});
