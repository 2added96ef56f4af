--[[
Remove things from photos, with LaMa Desktop: two actions for the selected images of the lighttable.

  edit in LaMa Desktop       exports a 16-bit TIFF beside the photo and opens it in the window of LaMa Desktop; what is
                             exported there beside the TIFF is imported and grouped with the photo.
  remove by mask file        for photos with a mask beside them (DSC_1.nef, DSC_1_mask.png; white is removed): exports a
                             16-bit TIFF, has it filled without a window, imports and groups the result.

Needs darktable 3.6 or newer. Where the program is: preferences > Lua options; else the variable LAMA_DESKTOP; else what
install.py noted beside this file; else PATH. Source: darktable's Lua API manual.
]]

local dt = require "darktable"

local MODULE = "lama_desktop"
local MASK_SUFFIXES = { "png", "tif", "tiff", "jpg", "webp" }
local WINDOWS = package.config:sub(1, 1) == "\\"

local pure = {}

-- Everything in `pure` needs no darktable and is tested with a plain Lua.

function pure.without_suffix(name)
  return (name:gsub("%.[^./\\]*$", ""))
end

-- Quote an argument for the shell that os.execute and darktable.control.execute use.
function pure.quoted(text)
  if WINDOWS then
    return '"' .. text:gsub('"', '\\"') .. '"'
  end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

function pure.exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

-- Return a name that no file has yet.
function pure.free(stem, suffix)
  local path, number = stem .. suffix, 1
  while pure.exists(path) do
    number = number + 1
    path = stem .. "-" .. number .. suffix
  end
  return path
end

-- Return the mask beside a photo; nil where there is none.
function pure.mask_of(photo)
  local stem = pure.without_suffix(photo)
  for _, suffix in ipairs(MASK_SUFFIXES) do
    local path = stem .. "_mask." .. suffix
    if pure.exists(path) then
      return path
    end
  end
  return nil
end

-- Return the results that LaMa Desktop's window proposes beside a file: a-clean.tif, a-clean.jpg, ...
function pure.results_of(photo)
  local stem, found = pure.without_suffix(photo), {}
  for _, suffix in ipairs({ "tif", "tiff", "png", "jpg", "jpeg", "webp", "avif" }) do
    local path = stem .. "-clean." .. suffix
    if pure.exists(path) then
      found[#found + 1] = path
    end
  end
  return found
end

-- Return the sentence of a JSON document that tells of an error; nil where it tells of none.
function pure.error_in(json)
  local text = json:match('"error"%s*:%s*"(.-[^\\])"')
  return text and text:gsub('\\"', '"'):gsub("\\u(%x%x%x%x)", function(code)
    return utf8.char(tonumber(code, 16))
  end) or nil
end

function pure.noted(folder)
  local file = io.open(folder .. "/program.txt", "r")
  local line = file and file:read("l")
  if file then
    file:close()
  end
  return line
end

function pure.program(chosen, folder)
  for _, each in ipairs({ chosen or "", os.getenv("LAMA_DESKTOP") or "", pure.noted(folder) or "" }) do
    if each ~= "" then
      return each
    end
  end
  return "lama-desktop"
end

function pure.inpaint_command(program, photo, mask, output, model, answer)
  local words = { program, "inpaint", photo, "--mask", mask, "--output", output, "--json" }
  if model ~= "" then
    words[#words + 1] = "--model"
    words[#words + 1] = model
  end
  for place, word in ipairs(words) do
    words[place] = pure.quoted(word)
  end
  local command = table.concat(words, " ") .. " > " .. pure.quoted(answer)
  return WINDOWS and '"' .. command .. '"' or command
end

if not dt then
  return pure
end

local function here()
  return debug.getinfo(1, "S").source:sub(2):match("^(.*)[/\\][^/\\]*$") or "."
end

local function program()
  return pure.program(dt.preferences.read(MODULE, "program", "string"), here())
end

local function model()
  return dt.preferences.read(MODULE, "model", "string")
end

local function export(image)
  local stem = pure.without_suffix(image.path .. "/" .. image.filename)
  local path = pure.free(stem .. "-lama", ".tif")
  local format = dt.new_format("tiff")
  format.bpp = 16
  format.max_width, format.max_height = 0, 0
  format:write_image(image, path, false)
  if not pure.exists(path) then
    dt.print(image.filename .. " could not be exported.")
    return nil
  end
  return path
end

local function import_beside(path, image)
  local found = dt.database.import(path)
  if found then
    found:group_with(image.group_leader)
  end
end

-- The exit status of a command, whatever way this version of darktable tells it.
local function run(command)
  local status = dt.control.execute(command)
  return type(status) == "number" and (status > 255 and status // 256 or status) or (status and 0 or 1)
end

local function edit(images)
  for _, image in ipairs(images) do
    local path = export(image)
    if path then
      dt.print("Waiting until LaMa Desktop is closed…")
      local code = run(pure.quoted(program()) .. " window --new " .. pure.quoted(path))
      local results = pure.results_of(path)
      for _, result in ipairs(results) do
        import_beside(result, image)
      end
      if code == 127 then
        dt.print("lama-desktop was not found: choose it in the preferences, Lua options.")
      elseif #results == 0 then
        dt.print("Nothing was exported beside " .. path .. ".")
      end
      os.remove(path)
    end
  end
end

local function remove(images)
  local job = dt.gui.create_job("LaMa Desktop", true, function(each)
    each.valid = false
  end)
  for number, image in ipairs(images) do
    if not job.valid then
      break
    end
    local mask = pure.mask_of(image.path .. "/" .. image.filename)
    if not mask then
      dt.print(image.filename .. " has no mask beside it (" .. pure.without_suffix(image.filename) .. "_mask.png).")
    else
      local path = export(image)
      if path then
        local output, answer = pure.free(pure.without_suffix(path) .. "-clean", ".tif"), os.tmpname()
        local code = run(pure.inpaint_command(program(), path, mask, output, model(), answer))
        local file = io.open(answer, "r")
        local said = file and file:read("a") or ""
        if file then
          file:close()
        end
        if code == 0 and pure.exists(output) then
          import_beside(output, image)
        else
          dt.print(pure.error_in(said) or ("lama-desktop ended with code " .. tostring(code) .. "."))
        end
        os.remove(answer)
        os.remove(path)
      end
    end
    if job.valid then
      job.percent = number / #images
    end
  end
  if job.valid then
    job.valid = false
  end
end

dt.preferences.register(
  MODULE, "program", "string", "LaMa Desktop: program", "Where lama-desktop is; empty to look for it", ""
)
dt.preferences.register(
  MODULE, "model", "string", "LaMa Desktop: model", "Id of a model; empty for the best that is installed", ""
)

local ACTIONS = {
  { "lama_desktop_edit", "edit in LaMa Desktop", edit, "export a TIFF, open it in LaMa Desktop, import what comes out" },
  { "lama_desktop_remove", "remove by mask file", remove, "fill what the mask beside each photo covers" },
}
for _, each in ipairs(ACTIONS) do
  local name, label, call, tip = table.unpack(each)
  dt.gui.libs.image.register_action(name, label, function(_, images)
    call(images)
  end, tip)
  dt.register_event(name, "shortcut", function()
    call(dt.gui.action_images)
  end, label)
end

local script = { pure = pure, edit = edit, remove = remove }

-- Called by darktable's script manager when the script is switched off.
function script.destroy()
  for _, each in ipairs(ACTIONS) do
    dt.gui.libs.image.destroy_action(each[1])
    dt.destroy_event(each[1], "shortcut")
  end
end

return script
