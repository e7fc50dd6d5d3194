// What tests/test_lab.py does inside JupyterLab: open notebooks, run them, edit them, measure what they show.
(() => {
  const app = window.jupyterapp;
  const panels = {};
  const { frames } = boxes;
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

  async function wrong(piece) {
    piece.querySelectorAll("details").forEach((node) => { node.open = true; });
    piece.scrollIntoView({ block: "center" });
    await frames();
    const area = piece.closest(".jp-OutputArea-output");
    const room = area.getBoundingClientRect();
    const said = boxes.faults(piece, room);
    // JupyterLab scrolls nothing.
    if (area.scrollWidth > area.clientWidth + 1) said.push(["cut", `the output is ${area.scrollWidth} px wide in ${area.clientWidth} px`]);
    for (const { words, box } of boxes.texts(piece))
      if (box.top < room.top - 1 || box.bottom > room.bottom + 1) said.push(["cut", `«${words}» ${boxes.round(box)} in ${boxes.round(room)}`]);
    return [...said, ...boxes.faint(piece)].map((words) => words.join(": "));
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
