// What tests/test_lab.py does inside JupyterLab: open notebooks, run them, edit them, measure what they show.
(() => {
  const app = window.jupyterapp;
  const panels = {};
  const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const until = async (ready) => {
    for (const end = Date.now() + 20000; !ready(); await frames()) if (Date.now() > end) throw new Error(`Not reached: ${ready}`);
  };

  // JupyterLab's commands act on the notebook that has the focus.
  async function show(path) {
    const panel = panels[path];
    app.shell.activateById(panel.id);
    await until(() => app.shell.currentWidget === panel && panel.node.contains(document.activeElement) && panel.node.offsetWidth);
    await frames();
    return panel;
  }

  async function open(path) {
    panels[path] = await app.commands.execute("docmanager:open", { path, factory: "Notebook" });
    await Promise.all([panels[path].context.ready, panels[path].sessionContext.ready]);
  }

  // ---- running
  async function whole(path) {
    await show(path);
    const began = Date.now();
    return { done: app.commands.execute("notebook:run-all-cells"), began };
  }

  let turn = Promise.resolve(); // opening and starting take the focus: one at a time; the runs themselves go on together
  async function all(paths, together, changes, kept) {
    const queue = [...paths], seconds = {};
    const worker = async () => {
      while (queue.length) {
        const path = queue.shift();
        turn = turn.then(async () => {
          await open(path);
          for (const [before, after] of changes[path] ?? []) edit(path, before, after);
          return whole(path);
        });
        const run = await turn;
        await run.done;
        seconds[path] = (Date.now() - run.began) / 1000;
        if (!kept.includes(path)) await panels[path].sessionContext.shutdown();
      }
    };
    await Promise.all(Array.from({ length: together }, worker));
    return seconds;
  }

  async function again(path) {
    await (await whole(path)).done;
  }

  // Runs take minutes: who asked waits for `lab.seconds` or `lab.fault`.
  function start(...values) {
    all(...values).then((seconds) => { window.lab.seconds = seconds; }, (fault) => { window.lab.fault = fault; });
  }

  async function cell(path, index) {
    const { content } = await show(path);
    content.deselectAll();
    content.activeCellIndex = index;
    await app.commands.execute("notebook:run-cell");
    await frames();
  }

  // ---- editing, through the model that the editor shares with the file
  const cells = (path) => panels[path].content.model.sharedModel.cells;
  function edit(path, before, after) {
    const found = cells(path).findIndex((cell) => cell.cell_type === "code" && cell.source.includes(before));
    if (found < 0) throw new Error(`${path}: no cell has ${JSON.stringify(before)}`);
    cells(path)[found].setSource(cells(path)[found].source.replace(before, () => after));
    return found;
  }
  function add(path, source) {
    panels[path].content.model.sharedModel.insertCell(cells(path).length, { cell_type: "code", source });
    return cells(path).length - 1;
  }

  // ---- what cells gave
  const faults = (path, only) => cells(path).flatMap((cell, index) => {
    if (cell.cell_type !== "code" || (only !== undefined && only !== index)) return [];
    const bad = cell.outputs.filter((output) => output.output_type === "error" || output.name === "stderr");
    const words = bad.map((output) => `cell ${index}: ${output.ename ? `${output.ename}: ${output.evalue}` : [output.text].flat().join("")}`);
    return cell.source.trim() && cell.execution_count === null ? [...words, `cell ${index}: did not run`] : words;
  });
  const counts = (path) => cells(path).map((cell) => cell.execution_count ?? null);
  const visible = (path, index) =>
    [...panels[path].content.widgets[index].node.querySelectorAll(".jp-OutputArea-output")].map((node) => node.innerText).join("\n");

  const pictures = (path, index) =>
    panels[path].content.widgets[index].node.querySelectorAll(".jp-OutputArea-output img, .jp-OutputArea-output svg").length;

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
  function texts(piece) {
    const found = [];
    const walker = document.createTreeWalker(piece, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      const words = walker.currentNode.data.trim();
      if (!words || element.closest("style") || !element.checkVisibility({ visibilityProperty: true })) continue;
      if (element instanceof SVGElement && !(element instanceof SVGTextContentElement)) continue; // <title>, <desc>
      const range = document.createRange();
      range.selectNodeContents(walker.currentNode);
      for (const box of range.getClientRects()) if (box.width > 1 && box.height > 1) found.push({ words: words.slice(0, 60), element, box });
    }
    return found;
  }
  const across = (one, two) => Math.min(one.right, two.right) - Math.max(one.left, two.left);
  const along = (one, two) => Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top);

  async function wrong(piece) {
    piece.querySelectorAll("details").forEach((node) => { node.open = true; });
    piece.scrollIntoView({ block: "center" });
    await frames();
    const said = [];
    const area = piece.closest(".jp-OutputArea-output");
    const room = area.getBoundingClientRect();
    const all = texts(piece);
    // Nothing is cut, and JupyterLab scrolls nothing: only show's own region scrolls on purpose.
    for (const node of [area, piece, ...piece.querySelectorAll("*")]) {
      if (node instanceof SVGElement || node.matches(".scroll")) continue;
      if (node.clientWidth && node.scrollWidth > node.clientWidth + 1)
        said.push(`cut: <${node.localName} class="${node.className}"> is ${node.scrollWidth} px wide in ${node.clientWidth} px`);
    }
    for (const { words, element, box } of all) {
      const scrolls = element.closest(".scroll");
      if (!scrolls && (box.left < room.left - 1 || box.right > room.right + 1)) said.push(`cut: «${words}» ${round(box)} in ${round(room)}`);
      if (box.top < room.top - 1 || box.bottom > room.bottom + 1) said.push(`cut: «${words}» ${round(box)} in ${round(room)}`);
      const holder = element.closest("th, td, .keys > div");
      if (holder && across(box, holder.getBoundingClientRect()) < box.width - 1)
        said.push(`out of its cell: «${words}» ${round(box)} in ${round(holder.getBoundingClientRect())}`);
    }
    // Boxes of letters are higher than the letters: lines that touch are not over each other.
    all.forEach((one, at) => {
      for (const two of all.slice(at + 1))
        if (across(one.box, two.box) > 1 && along(one.box, two.box) > 0.25 * Math.min(one.box.height, two.box.height))
          said.push(`over each other: «${one.words}» ${round(one.box)} and «${two.words}» ${round(two.box)}`);
    });
    for (const { words, element } of all) {
      const size = parseFloat(getComputedStyle(element).fontSize) * (element.getScreenCTM?.().d ?? 1);
      if (size < 11) said.push(`small: «${words}» is ${size.toFixed(1)} px`);
    }
    for (const drawing of piece.querySelectorAll("figure > svg, svg.c")) {
      const box = drawing.getBoundingClientRect();
      if (box.width < 200 || box.height < 40) said.push(`no drawing to see: ${round(box)}`);
    }
    for (const { words, element } of all) {
      element.scrollIntoView({ block: "nearest", inline: "nearest" });
      const range = document.createRange();
      range.selectNodeContents(element);
      const found = contrast(element, range.getBoundingClientRect());
      if (found < 4.5) said.push(`faint: «${words}» has a contrast of ${found.toFixed(2)}`);
    }
    return said;
  }

  async function measure(path, only) {
    const panel = await show(path);
    const node = only === undefined ? panel.node : panel.content.widgets[only].node;
    const pieces = [...node.querySelectorAll(".tk")].filter((piece) => !piece.parentElement.closest(".tk"));
    const said = [], kinds = {};
    for (const piece of pieces) {
      const at = panel.content.widgets.findIndex((cell) => cell.node.contains(piece));
      const kind = piece.matches(".keys") ? "keys" : piece.matches("figure") ? "chart" : piece.querySelector("table") ? "table" : "text";
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      said.push(...(await wrong(piece)).map((words) => `cell ${at}, ${kind}: ${words}`));
    }
    return { kinds, said: [...new Set(said)] };
  }

  async function theme(dark) {
    await app.commands.execute("apputils:change-theme", { theme: dark ? "JupyterLab Dark" : "JupyterLab Light" });
    await until(() => document.body.dataset.jpThemeLight === String(!dark));
    await frames();
  }

  window.lab = { start, cell, edit, add, faults, counts, visible, pictures, measure, theme, again };
})();
