// Sets formulas by MathJax, in Node: [[TeX, display], ...] on standard input; on standard output one
// {html} or {error} for each, in order, and the style sheet that all of them share.
// Called as `node formulas.js FOLDER_OF_MATHJAX`.

const need = name => require(`${process.argv[2]}/js/${name}.js`);
const { mathjax } = need("mathjax");
const { TeX } = need("input/tex");
const { CHTML } = need("output/chtml");
const { liteAdaptor } = need("adaptors/liteAdaptor");
const { RegisterHTMLHandler } = need("handlers/html");
const { AssistiveMmlHandler } = need("a11y/assistive-mml");
need("input/tex/ams/AmsConfiguration");

const adaptor = liteAdaptor();
AssistiveMmlHandler(RegisterHTMLHandler(adaptor)); // beside the glyphs, MathML for screen readers
const formatError = (tex, error) => { throw error; };
const page = mathjax.document("", {
  InputJax: new TeX({ packages: ["base", "ams"], formatError }),
  OutputJax: new CHTML({ fontURL: "fonts" }),
});

const set = ([formula, display]) => {
  try {
    return { html: adaptor.outerHTML(page.convert(formula, { display })) };
  } catch (error) {
    return { error: error.message };
  }
};
const formulas = JSON.parse(require("fs").readFileSync(0, "utf8"));
const results = formulas.map(set);
page.updateDocument(); // puts the styles into its head
const style = adaptor.tags(adaptor.head(page.document), "style").map(adaptor.textContent.bind(adaptor));
process.stdout.write(JSON.stringify({ results, style: style.join("\n") }));
