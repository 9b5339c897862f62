// Cut the slides so that nothing sticks out, then hand them to reveal.js. `lmSlides` is settled when they stand.
window.lmSlides = (async () => {
  const WIDTH = 1280, HEIGHT = 720, ROOM = HEIGHT - 60;
  await window.MathJax?.startup.promise;
  await Promise.all([...document.images].map((picture) => picture.decode().catch(() => {})));
  document.body.classList.add("measuring");
  for (const slide of document.querySelectorAll("section.leaf")) cut(slide);
  document.body.classList.remove("measuring");
  const settings = { width: WIDTH, height: HEIGHT, margin: 0.02, center: false, hash: true, transition: "none",
    slideNumber: "c/t", keyboardCondition: (event) => !(event.target.matches?.("input[type=text]")) };
  await Reveal.initialize({ ...settings, backgroundTransition: "none" });
  for (const frame of document.querySelectorAll("section.leaf")) frame.tabIndex = 0; // the keyboard scrolls it, too
  // An answer that keeps the focus would keep the keys, and the arrows would choose the next answer: give them back.
  for (const answered of ["change", "submit"]) {
    document.addEventListener(answered, () => document.activeElement.matches("input") && document.activeElement.blur());
  }

  // Whether a block is of no use without the next one: a line that ends in a colon, a word above a list, a short cell.
  function leads(block, next) {
    const code = block.matches(".cell_input") && next.matches(".cell_output");
    const heads = next.matches("ul, ol") && block.matches("p") && block.querySelector(":scope > strong:first-child");
    return /(:|…)\s*$/.test(block.textContent) || heads || (code && block.offsetHeight < 200);
  }

  // What does not fit moves to a next slide with the same title.
  function cut(slide) {
    const bottom = (block) => block.getBoundingClientRect().bottom - slide.getBoundingClientRect().top;
    const blocks = [...slide.children].slice(1);
    if (blocks[0]?.matches(".cell_input") && bottom(blocks[0]) > ROOM) {
      // A long listing is drawn smaller; if that is not enough, its slide scrolls.
      const { top, height } = blocks[0].getBoundingClientRect();
      blocks[0].style.zoom = Math.max(0.65, (ROOM - top + slide.getBoundingClientRect().top) / height);
    }
    const first = blocks.findIndex((block, i) => i > 0 && bottom(block) > ROOM);
    if (first < 0) return;
    let from = first;
    while (from > 1 && leads(blocks[from - 1], blocks[from])) from -= 1;
    // What leads to a block that fills a slide by itself stays where it is: it would find no room there.
    const led = bottom(blocks[first]) - blocks[from].getBoundingClientRect().top + slide.getBoundingClientRect().top;
    if (led > ROOM - slide.firstElementChild.offsetHeight - 40) from = first;
    const next = slide.cloneNode(false), title = slide.firstElementChild.cloneNode(true);
    title.classList.add("continued");
    next.append(title, ...blocks.slice(from));
    slide.after(next);
    cut(next);
  }
})();
