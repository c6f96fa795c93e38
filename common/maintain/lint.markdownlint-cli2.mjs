// lint.markdownlint-cli2.mjs: the rules for documents; lint.sh runs markdownlint-cli2 with it. With
// LECTURE set they are a stage's README.md, with these sections in this order; others may stand between.

const sections = ["Recap", "Goal", "The idea", "What changed", "Walk-through", "Build", "Run it", "The picture",
    "Break it", "Why, and what comes next", "Pitfalls", "Exercises", "Sources"];
const kinds = ["c", "console", "mermaid", "text", "sh", "bat", "diff", "make", "json"];

export default {
    config: {
        default: true,
        "line-length": false,
        "code-fence-style": { style: "backtick" },
        "fenced-code-language": { allowed_languages: kinds },
        "relative-links": true,
        "required-headings": process.env.LECTURE && { headings: ["*", ...sections.flatMap((name) => [`## ${name}`, "*"])] },
    },
    customRules: ["../../build/lint/npm/node_modules/markdownlint-rule-relative-links/src/index.js"],
    noBanner: true,
    noProgress: true,
};
