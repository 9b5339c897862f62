(function () {
  // Every quiz on the page that no earlier copy of this script has taken.
  document.querySelectorAll(".lm-quiz:not([data-live])").forEach(function (quiz) {
    quiz.setAttribute("data-live", "");
    var words = JSON.parse(quiz.dataset.words);
    var forms = Array.from(quiz.querySelectorAll("form"));

    function tell(form, lines) {
      // lines: [{right, html, verdict}]; a line without `right` judges nothing. The HTML was escaped when the page was made.
      var box = form.querySelector(".lm-quiz-feedback");
      box.replaceChildren();
      lines.forEach(function (line) {
        var p = document.createElement("p"), verdict = document.createElement("b"), text = document.createElement("span");
        text.innerHTML = line.html;
        if (line.right !== undefined) {
          p.className = line.right ? "right" : "wrong";
          verdict.className = "verdict";
          verdict.textContent = (line.right ? "✓ " : "✗ ") + (line.verdict || (line.right ? words.right : words.wrong)) + " ";
          p.append(verdict);
        }
        p.append(text);
        box.append(p);
      });
    }

    function score(form, right) {
      form.toggleAttribute("data-right", right);
      var n = forms.filter(function (f) { return f.hasAttribute("data-right"); }).length;
      var text = n === forms.length ? words.done : words.score;
      quiz.querySelector(".lm-quiz-score").textContent = text.replace("{right}", n).replace("{all}", forms.length);
    }

    function choice(form) {
      // An option is judged by whether it should have been taken; what was left out is told only once all is right.
      var inputs = Array.from(form.querySelectorAll("input"));
      inputs.forEach(function (i) {
        i.parentElement.className = i.checked ? (i.dataset.correct === "true" ? "right" : "wrong") : "";
      });
      var right = inputs.every(function (i) { return i.checked === (i.dataset.correct === "true"); });
      var many = form.dataset.kind === "many";
      var told = inputs.filter(function (i) { return i.checked || (right && many); });
      var lines = told.map(function (i) {
        var option = many ? "<i>" + i.nextElementSibling.innerHTML + "</i> " : "";  // several are commented: say which
        return { right: i.checked === (i.dataset.correct === "true"), html: option + i.dataset.feedback,
                 verdict: i.checked ? "" : words.left };
      });
      if (!right && told.every(function (i) { return i.dataset.correct === "true"; })) lines.push({ html: words.missing });
      tell(form, lines);
      score(form, right);
    }

    function number(form) {
      var input = form.querySelector("input"), facts = JSON.parse(input.dataset.number);
      var parts = input.value.trim().replace(",", ".").split("/");  // 0.25, 0,25 or 1/4
      var value = parts.some(function (p) { return p.trim() === ""; }) ? NaN : Number(parts[0]) / Number(parts[1] || 1);
      if (parts.length > 2 || !Number.isFinite(value)) return tell(form, [{ html: words.not_a_number }]);
      var near = function (x) { return Math.abs(value - x) <= facts.tolerance + 1e-12; };
      var right = near(facts.answer), slip = facts.slips.find(function (s) { return near(s.value); });
      tell(form, [{ right: right, html: right ? facts.right : slip ? slip.feedback : facts.wrong }]);
      score(form, right);
    }

    forms.forEach(function (form) {
      form.addEventListener("submit", function (event) {
        event.preventDefault();
        form.dataset.kind === "number" ? number(form) : choice(form);
      });
      if (form.dataset.kind === "one") form.addEventListener("change", function () { choice(form); });
      // JupyterLab would take these keys for its own commands.
      form.addEventListener("keydown", function (event) { event.stopPropagation(); });
    });
  });
})();
