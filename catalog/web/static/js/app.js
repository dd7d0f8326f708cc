// Each page asks for what it needs; all of them work, as far as they can, without any of it.
document.documentElement.classList.add("js");

const pages = {
  search: () => import("./search.js"),
  asset: () => import("./asset.js"),
  bin: () => import("./bin.js"),
  compare: () => import("./compare.js"),
  demo: () => import("./demo.js"),
  admin: () => import("./admin.js"),
};

const [box, page] = await Promise.all([import("./box.js"), pages[document.body.dataset.page]?.()]);
box.begin();
page?.begin();
document.documentElement.dataset.ready = "";
