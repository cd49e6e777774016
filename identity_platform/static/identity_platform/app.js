// Small comforts over pages that work without them: copy buttons, dialogs, scrolling by keyboard, and a word when a fragment fails.
(() => {
  "use strict";
  document.documentElement.classList.add("js");

  const say = (text) => {
    const line = document.getElementById("status-line");
    if (line) line.textContent = text;
  };

  // Copy: the clipboard needs a secure address, selecting the value works on any.
  const copy = async (button) => {
    const value = button.parentElement.querySelector("output, code");
    const text = value.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      getSelection().selectAllChildren(value);
      if (!document.execCommand("copy")) {
        say("The value is selected. Copy it with the keyboard.");
        return;
      }
    }
    const word = button.querySelector("span");
    button.classList.add("done");
    word.textContent = "Copied";
    say(`Copied ${button.dataset.copy}`);
    setTimeout(() => {
      button.classList.remove("done");
      word.textContent = "Copy";
      say("");
    }, 4000);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    // The link leads to the same form as a page of its own; over the page it saves the way.
    const opener = event.target.closest("a[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog?.showModal && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      dialog.showModal();
    }
  });

  // What scrolls sideways must be reachable with the keyboard.
  const openScrollers = () => {
    for (const box of document.querySelectorAll(".scroll")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    }
  };
  openScrollers();
  document.addEventListener("htmx:after:swap", openScrollers);

  // A fragment answered by another page (signed out, done) must not be put into this one: go there.
  document.addEventListener("htmx:before:response", (event) => {
    const { request, response } = event.detail.ctx;
    if (!response.raw.redirected) return;
    event.preventDefault();
    if (request.method === "GET") location.reload();
    else location.assign(response.raw.url);
  });
  for (const failure of ["htmx:error", "htmx:response:error"]) {
    document.addEventListener(failure, () =>
      say("This part of the page could not be updated. Reload the page to see it fresh."),
    );
  }
})();
