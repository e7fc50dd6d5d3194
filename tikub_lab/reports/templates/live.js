"use strict";
addEventListener("DOMContentLoaded", () => {
  const status = document.getElementById("etat"), main = document.getElementById("contenu");
  const STOPS = "a[href], summary, [tabindex]";
  let version = document.documentElement.dataset.version, wait = 500;

  function say(text, lost) {
    status.classList.toggle("lost", lost);
    if (status.textContent !== text) status.textContent = text;
  }

  // What something is called, and the how manieth of that name it is: enough to find it again in the new section
  function named(elements) {
    const seen = {};
    return elements.map(element => {
      const name = element.tagName + (element.getAttribute("aria-label") || element.textContent);
      return name + (seen[name] = (seen[name] || 0) + 1);
    });
  }

  function put(id, html) {
    const section = document.getElementById(id), find = css => [...section.querySelectorAll(css)];
    if (!section) return location.reload();
    const folds = () => find("details").map(fold => fold.firstElementChild);
    const stops = find(STOPS), held = stops.indexOf(document.activeElement);
    const focus = held < 0 ? "" : named(stops)[held];
    const open = named(folds()).filter((_, place) => folds()[place].parentElement.open);
    const across = find(".scroll").map(box => box.scrollLeft);
    section.innerHTML = html;
    const names = named(folds());
    folds().forEach((summary, place) => { summary.parentElement.open = open.includes(names[place]); });
    find(".scroll").forEach((box, place) => { box.scrollLeft = across[place] || 0; });
    if (held < 0) return;
    const now = find(STOPS), same = named(now).indexOf(focus);
    const target = now[same < 0 ? Math.min(held, now.length - 1) : same] || main;
    target.focus({preventScroll: true});
  }

  function receive(event) {
    const message = JSON.parse(event.data);
    const first = [...main.children].find(child => child.getBoundingClientRect().bottom > 0);
    const before = first && first.getBoundingClientRect().top;
    for (const [id, html] of Object.entries(message.sections)) put(id, html);
    if (first && first.isConnected) scrollBy(0, first.getBoundingClientRect().top - before);
    version = message.version;
    say(message.said, message.lost);
  }

  function connect() {
    const address = new URL("socket?version=" + version, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.onopen = () => { wait = 500; };
    socket.onmessage = receive;
    socket.onclose = () => {
      say("Connexion perdue : cette page n’est plus à jour. Nouvel essai en cours.", true);
      setTimeout(connect, wait);
      wait = Math.min(2 * wait, 15000);
    };
  }
  history.replaceState(null, "", location.pathname);
  connect();
});
