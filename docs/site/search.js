// The search field: every heading of every page with the text below it stands in index.js. All words have to occur; headings count more.
'use strict';
(() => {
  const field = document.getElementById('search'), list = document.getElementById('found'), root = document.body.dataset.root;
  let chosen = -1;

  function score(entry, words) {
    const title = entry.title.toLowerCase(), text = entry.text.toLowerCase();
    let sum = 0;
    for (const word of words) {
      if (title.includes(word)) sum += title === word ? 30 : 10;
      else if (text.includes(word)) sum += 1;
      else return 0;
    }
    return sum;
  }

  function excerpt(text, word) {
    const at = Math.max(0, text.toLowerCase().indexOf(word) - 30);
    return (at > 0 ? '...' : '') + text.slice(at, at + 120);
  }

  function show() {
    const words = field.value.toLowerCase().split(/\s+/).filter(w => w);
    const best = words.length ? window.parallelIndex.map(entry => [score(entry, words), entry]).filter(([n]) => n > 0)
      .sort((a, b) => b[0] - a[0]).slice(0, 12) : [];
    list.replaceChildren(...best.map(([, entry]) => {
      const item = document.createElement('li'), link = document.createElement('a'), small = document.createElement('small');
      link.href = root + entry.page + (entry.id ? '#' + entry.id : '');
      link.textContent = entry.title;
      small.textContent = entry.name + ': ' + excerpt(entry.text, words[0]);
      link.append(small);
      item.append(link);
      return item;
    }));
    list.hidden = !best.length;
    chosen = -1;
  }

  function choose(step) {
    const links = list.querySelectorAll('a');
    if (!links.length) return;
    chosen = (chosen + step + links.length) % links.length;
    links.forEach((link, i) => link.classList.toggle('on', i === chosen));
    links[chosen].scrollIntoView({ block: 'nearest' });
  }

  field.addEventListener('input', show);
  field.addEventListener('keydown', e => {
    if (e.key === 'ArrowDown') choose(1);
    else if (e.key === 'ArrowUp') choose(-1);
    else if (e.key === 'Escape') { list.hidden = true; field.blur(); }
    else if (e.key === 'Enter') (list.querySelectorAll('a')[Math.max(0, chosen)] || { click() {} }).click();
  });
  document.addEventListener('keydown', e => {
    if (e.key === '/' && document.activeElement !== field) { e.preventDefault(); field.focus(); }
  });
  const asked = new URLSearchParams(location.search).get('q'); // page.html?q=words
  if (asked) { field.value = asked; show(); }
  document.addEventListener('click', e => { if (!e.target.closest('header')) list.hidden = true; });
})();
