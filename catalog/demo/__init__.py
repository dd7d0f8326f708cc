"""Footage that nobody has to download, and the encoder that was trained on it.

* :mod:`catalog.demo.world`: what scenes there are, and which of them training never sees;
* :mod:`catalog.demo.render`: draws one, at any size and moment;
* :mod:`catalog.demo.captions`: says what it shows, in many languages;
* :mod:`catalog.demo.footage`: makes video files with cuts, stills, and a manifest of them;
* :mod:`catalog.demo.train`: trains the small open_clip model in ``catalog/encoders/demo_model``.
"""
