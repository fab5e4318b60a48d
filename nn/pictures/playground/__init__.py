"""The playground: one page that trains a small network in the browser, put together from the files of this folder."""
