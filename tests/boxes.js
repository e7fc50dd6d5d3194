// What tests measure in a browser, of pages and of what JupyterLab shows: sizes and places of texts, contrast.
(() => {
  const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

  // ---- colours
  const ink = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const known = {};
  function rgba(colour) {
    if (!known[colour]) {
      ink.clearRect(0, 0, 1, 1);
      ink.fillStyle = colour;
      ink.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = ink.getImageData(0, 0, 1, 1).data;
      known[colour] = [r, g, b, a / 255];
    }
    return known[colour];
  }
  const over = ([r, g, b, a], under) => [r, g, b].map((part, at) => part * a + under[at] * (1 - a));
  const paint = (colour, opacity) => { const [r, g, b, a] = rgba(colour); return [r, g, b, a * opacity]; };
  const luminance = (colour) => colour.reduce((sum, part, at) => {
    const share = part / 255;
    return sum + [0.2126, 0.7152, 0.0722][at] * (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
  }, 0);
  const ratio = (one, two) => {
    const [low, high] = [luminance(one), luminance(two)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  function backdrop(element, box) {
    const layers = []; // from the top down
    for (let node = element; node; node = node.parentElement) {
      const style = getComputedStyle(node);
      if (!(node instanceof SVGElement)) layers.push(paint(style.backgroundColor, 1));
      if (layers.at(-1)?.[3] === 1) break;
    }
    let colour = layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
    if (!(element instanceof SVGElement)) return colour;
    const shapes = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2)
      .filter((node) => node instanceof SVGGeometryElement && node.ownerSVGElement);
    for (const shape of shapes.reverse()) {
      const style = getComputedStyle(shape);
      if (style.fill !== "none") colour = over(paint(style.fill, style.fillOpacity * style.opacity), colour);
    }
    const style = getComputedStyle(element);
    return style.stroke === "none" ? colour : over(paint(style.stroke, style.strokeOpacity), colour); // a halo
  }

  function contrast(element, box) {
    const under = backdrop(element, box);
    const style = getComputedStyle(element);
    let opacity = element instanceof SVGElement ? +style.fillOpacity : 1;
    for (let node = element; node; node = node.parentElement) opacity *= getComputedStyle(node).opacity;
    return ratio(over(paint(element instanceof SVGElement ? style.fill : style.color, opacity), under), under);
  }

  // ---- boxes
  const round = (box) => `[${[box.x, box.y, box.width, box.height].map(Math.round).join(" ")}]`;
  const hidden = (node) => node && getComputedStyle(node).clipPath !== "none";
  function texts(piece) {
    const found = [];
    const walker = document.createTreeWalker(piece, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      const words = walker.currentNode.data.trim();
      if (!words || element.closest("style") || !element.checkVisibility({ visibilityProperty: true })) continue;
      if (element.closest(".skip") || hidden(element.closest("thead"))) continue; // for screen readers
      if (element instanceof SVGElement && !(element instanceof SVGTextContentElement)) continue; // <title>, <desc>
      const range = document.createRange();
      range.selectNodeContents(walker.currentNode);
      for (const box of range.getClientRects()) if (box.width > 1 && box.height > 1) found.push({ words: words.slice(0, 60), element, box });
    }
    return found;
  }
  const across = (one, two) => Math.min(one.right, two.right) - Math.max(one.left, two.left);
  const along = (one, two) => Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top);

  // Only show's own region scrolls on purpose: there a text is seen as far as the region goes.
  const seen = ({ element, box }) => {
    const region = element.closest(".scroll");
    return !region || across(box, region.getBoundingClientRect()) > 0;
  };

  // What is wrong with the texts and drawings of a piece, which has this room on the screen: [kind, words].
  function faults(piece, room) {
    const said = [];
    const all = texts(piece);
    for (const node of [piece, ...piece.querySelectorAll("*")]) {
      if (node instanceof SVGElement || node.matches(".scroll") || hidden(node)) continue;
      if (node.clientWidth && node.scrollWidth > node.clientWidth + 1)
        said.push(["cut", `<${node.localName} class="${node.className}"> is ${node.scrollWidth} px wide in ${node.clientWidth} px`]);
    }
    for (const { words, element, box } of all) {
      const figure = element.closest("figure")?.getBoundingClientRect() ?? room; // which clips what leaves it
      const [left, right] = [Math.max(room.left, figure.left), Math.min(room.right, figure.right)];
      if (!element.closest(".scroll") && (box.left < left - 1 || box.right > right + 1))
        said.push(["cut", `«${words}» ${round(box)} in [${Math.round(left)} … ${Math.round(right)}]`]);
      const holder = element.closest("th, td, .keys > div");
      if (holder && across(box, holder.getBoundingClientRect()) < box.width - 1)
        said.push(["out of its cell", `«${words}» ${round(box)} in ${round(holder.getBoundingClientRect())}`]);
    }
    // Boxes of letters are higher than the letters: lines that touch are not over each other.
    const shown = all.filter(seen);
    shown.forEach((one, at) => {
      for (const two of shown.slice(at + 1))
        if (across(one.box, two.box) > 1 && along(one.box, two.box) > 0.25 * Math.min(one.box.height, two.box.height))
          said.push(["over each other", `«${one.words}» ${round(one.box)} and «${two.words}» ${round(two.box)}`]);
    });
    for (const { words, element } of all)
      if (size(element) < 11) said.push(["small", `«${words}» is ${size(element).toFixed(1)} px`]);
    for (const drawing of piece.querySelectorAll("figure > svg, svg.c")) {
      const box = drawing.getBoundingClientRect();
      if (box.width < 200 || box.height < 30) said.push(["no drawing to see", round(box)]);
    }
    return said;
  }
  const size = (element) => parseFloat(getComputedStyle(element).fontSize) * (element.getScreenCTM?.().d ?? 1);

  function faint(piece, which = "*") {
    const said = [];
    for (const { words, element } of texts(piece)) {
      if (!element.matches(which)) continue;
      element.scrollIntoView({ block: "nearest", inline: "nearest" });
      const range = document.createRange();
      range.selectNodeContents(element);
      const found = contrast(element, range.getBoundingClientRect());
      if (found < 4.5) said.push(["faint", `«${words}» has a contrast of ${found.toFixed(2)}`]);
    }
    return said;
  }

  window.boxes = { faint, faults, frames, hidden, round, size, texts };
})();
