// Posts the identity provider's answer without a click. Without scripting the page's button does it.
document.querySelector("form[data-continue]")?.requestSubmit();
