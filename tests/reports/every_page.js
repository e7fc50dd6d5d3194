// What tests/reports/test_every_page.py does in a page, with ../boxes.js.
(() => {
  const font = document.head.appendChild(document.createElement("style"));
  document.querySelectorAll("details").forEach((node) => { node.open = true; });

  // What is wrong with the page in a font: [kind, words]; and the size of its smallest text.
  async function look(family) {
    font.textContent = `*{font-family:"${family}"!important}`;
    await boxes.frames();
    const { clientWidth, scrollWidth } = document.documentElement;
    const said = boxes.faults(document.body, { left: 0, right: clientWidth });
    if (scrollWidth > clientWidth) said.push(["cut", `the page is ${scrollWidth} px wide in ${clientWidth} px`]);
    for (const region of document.querySelectorAll(".scroll")) {
      const signed = getComputedStyle(region).backgroundImage !== "none" && region.tabIndex === 0;
      if (region.scrollWidth > region.clientWidth + 1 && !signed) said.push(["no sign", region.innerText.trim().slice(0, 60)]);
    }
    const sizes = boxes.texts(document.body).map(({ element }) => boxes.size(element));
    return { said, smallest: Math.round(10 * Math.min(...sizes)) / 10 };
  }

  // Of tables that are printed: figures that a chart folds and what is for analysts are not.
  const headings = () => [...document.querySelectorAll("thead th")]
    .filter((node) => !node.closest(".fold, .foot")).map((node) => node.textContent.trim()).filter(Boolean);

  async function axe(source, rules) {
    if (!window.axe) window.eval(source);
    font.textContent = "";
    const found = await window.axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
    return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 200)}`));
  }

  window.everyPage = { axe, headings, look };
})();
