;;; pmat.el --- Leaks in Perl programs, from their heap dumps  -*- lexical-binding: t; -*-

;; Author: The pmat-lsp developers
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: languages, tools
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; `pmat-lsp' reads the heap dump of a Perl program, proves which objects
;; leaked, and shows on the source lines why.  Diagnostics and hovers need
;; nothing but Eglot; this file has what the protocol has no words for:
;;
;;   `pmat-leaks'     the leaks of the dump, as a table
;;   `pmat-chain'     why one of them leaks, step by step, in an xref buffer
;;   `pmat-identify'  the ways that lead to an SV
;;   `pmat-show'      what an SV is, holds, and is held by
;;   `pmat-run'       any other question to the dump
;;   `pmat-load'      another dump
;;   `pmat-mode'      marks at the leaks by Flymake, where Eglot is busy
;;                    with another Perl server, or is not there
;;
;; The commands ask the server that Eglot runs.  Where Eglot runs none, or
;; another one, they start one of their own.

;;; Code:

(require 'cl-lib)
(require 'eieio)
(require 'flymake)
(require 'jsonrpc)
(require 'project)
(require 'tabulated-list)
(require 'url-util)
(require 'xref)

(declare-function eglot-current-server "ext:eglot")

(defgroup pmat nil
  "Leaks in Perl programs, from their heap dumps."
  :group 'tools
  :prefix "pmat-")

(defcustom pmat-server-command '("pmat-lsp" "serve")
  "The program that answers, with its arguments."
  :type '(repeat string))

(defcustom pmat-settings nil
  "Settings for a server that is started here, as a plist.
Their names are those in docs/settings.md without the prefix:
\(:dump \"app.pmat\" :sourceRoots [\"lib\"])."
  :type 'plist)

(defcustom pmat-root-markers
  '("cpanfile" "Makefile.PL" "Build.PL" "dist.ini" ".git")
  "Files that show which folder is the root of a Perl project."
  :type '(repeat string))


;;; The server

(defvar pmat--servers nil
  "The servers that were started here: an alist from root to connection.")

(defvar-local pmat--server nil
  "The connection that this buffer's answer came from.")

(defun pmat--root ()
  "Return the folder that the server takes as the workspace."
  (let ((project (project-current)))
    (expand-file-name
     (or (and project (project-root project))
         (locate-dominating-file
          default-directory
          (lambda (folder)
            (or (cl-some (lambda (marker)
                           (file-exists-p (expand-file-name marker folder)))
                         pmat-root-markers)
                (directory-files folder nil "\\.pmat\\'" t))))
         default-directory))))

(defun pmat--told (server slot)
  "Return what SERVER told Eglot, which has it in SLOT."
  (and (slot-exists-p server slot) (slot-value server slot)))

(defun pmat--eglot-server ()
  "Return Eglot's connection for this buffer if it leads to `pmat-lsp'."
  (let ((server (and (featurep 'eglot) (eglot-current-server))))
    (and server
         (equal (plist-get (pmat--told server 'server-info) :name) "pmat-lsp")
         server)))

(defun pmat--start (root)
  "Start a server for the folder ROOT, and return the connection to it."
  (when (file-remote-p root)
    (user-error "Only Eglot starts the server on another machine: %s" root))
  (unless (executable-find (car pmat-server-command))
    (user-error "%s is not installed: install pmat-lsp, or set pmat-server-command"
                (car pmat-server-command)))
  (let* ((default-directory root)
         (uri (concat "file://" (url-hexify-string (directory-file-name root)
                                                   url-path-allowed-chars)))
         (server (make-instance
                  'jsonrpc-process-connection
                  :name "pmat"
                  :notification-dispatcher #'pmat--notified
                  :request-dispatcher #'ignore
                  :process (lambda ()
                             (make-process
                              :name "pmat" :command pmat-server-command
                              :connection-type 'pipe :coding 'utf-8-emacs-unix
                              :noquery t
                              :stderr (get-buffer-create "*pmat stderr*"))))))
    (jsonrpc-request
     server :initialize
     (list :processId (emacs-pid)
           :clientInfo '(:name "pmat.el")
           :rootUri uri
           :workspaceFolders (vector (list :uri uri :name "pmat"))
           :capabilities '(:general (:positionEncodings ["utf-32"])
                           :workspace (:workspaceFolders t))
           :initializationOptions (append '(:client (:changed t))
                                          (and pmat-settings (list :pmat pmat-settings)))))
    (jsonrpc-notify server :initialized (make-hash-table))
    (setf (alist-get root pmat--servers nil nil #'equal) server)))

(defun pmat--running ()
  "Return the connection that this buffer is to use, if it is alive."
  (or (and pmat--server (jsonrpc-running-p pmat--server) pmat--server)
      (pmat--eglot-server)
      (let ((own (alist-get (pmat--root) pmat--servers nil nil #'equal)))
        (and own (jsonrpc-running-p own) own))))

(defun pmat--connect ()
  "Return the connection to the server that this buffer is to ask."
  (or (pmat--running) (pmat--start (pmat--root))))

(defun pmat--notified (_server method params)
  "Take the notification METHOD with PARAMS from a server of ours."
  (pcase method
    ('window/showMessage
     (message "pmat: %s" (plist-get params :message)))
    ('pmat/changed
     (dolist (buffer (buffer-list))
       (with-current-buffer buffer
         (when (bound-and-true-p pmat-mode)
           (flymake-start)))))))

(defun pmat--error-text (error)
  "Return the text of ERROR, a `jsonrpc-error': what happened, what to do next."
  (let ((message (alist-get 'jsonrpc-error-message (cdr error)))
        (hint (plist-get (alist-get 'jsonrpc-error-data (cdr error)) :hint)))
    (concat (or message "the server does not answer")
            (and (stringp hint) (not (string-empty-p hint)) (concat "\n" hint)))))

(defun pmat--ask (server method params)
  "Ask SERVER for METHOD with PARAMS, and return the answer.
It may take as long as the dump is large; quit to stop waiting."
  (condition-case error
      (jsonrpc-request server method (or params (make-hash-table)) :timeout 3600)
    (jsonrpc-error (user-error "pmat: %s" (pmat--error-text error)))))

(defconst pmat--longest-look 2
  "Seconds that a server has to find a dump, after which there is none.")

(defun pmat--leaks (server)
  "Return what SERVER knows of the leaks, once no dump is being loaded.
When the newest dump could not be read, these are of the one before it."
  (let ((looked (+ (float-time) pmat--longest-look))
        leaks)
    (while (pcase (plist-get (setq leaks (pmat--ask server :pmat/leaks nil)) :state)
             ("loading" t)
             ("none" (< (float-time) looked)))
      (accept-process-output nil 0.1))
    (unless (plist-get leaks :dump)
      (user-error "pmat: %s" (plist-get leaks :message)))
    leaks))

(defun pmat--findings (server)
  "Return the findings of SERVER as a list: leaks, then what is self-held."
  (let ((leaks (pmat--leaks server)))
    (append (plist-get leaks :findings) (plist-get leaks :selfHeld) nil)))


;;; Places

(defun pmat--file (place)
  "Return the name of the file of PLACE."
  (let ((path (decode-coding-string
               (url-unhex-string (string-remove-prefix "file://" (plist-get place :uri)))
               'utf-8)))
    (if (string-match-p "\\`/[A-Za-z]:" path) (substring path 1) path)))

(defun pmat--line (place)
  "Return the line of PLACE, from 1."
  (1+ (plist-get (plist-get (plist-get place :range) :start) :line)))

(defun pmat--forward (units wide)
  "Move UNITS forward; a character beyond the BMP counts two unless WIDE."
  (while (and (> units 0) (not (eolp)))
    (cl-decf units (if (or wide (<= (following-char) #xffff)) 1 2))
    (forward-char)))

(defun pmat--point (server position)
  "Return where POSITION, told by SERVER, is in this buffer."
  (save-excursion
    (save-restriction
      (widen)
      (goto-char (point-min))
      (forward-line (plist-get position :line))
      (pmat--forward (plist-get position :character) (pmat--wide-p server))
      (point))))

(defun pmat--wide-p (server)
  "Return whether SERVER counts characters, not UTF-16 units."
  (or (rassq server pmat--servers)
      (equal (plist-get (pmat--told server 'capabilities) :positionEncoding) "utf-32")))


(defun pmat--same-place-p (one other)
  "Return whether the places ONE and OTHER are the same range of a file."
  (and (equal (plist-get one :uri) (plist-get other :uri))
       (equal (plist-get one :range) (plist-get other :range))))


;;; The chain of a leak

(cl-defstruct (pmat--step (:constructor pmat--make-step (server heading place)))
  "A step of a chain as a location of xref."
  server heading place)

(cl-defmethod xref-location-group ((step pmat--step))
  "Return the heading of STEP."
  (pmat--step-heading step))

(cl-defmethod xref-location-line ((step pmat--step))
  "Return the line of STEP, or nil if it has none."
  (let ((place (pmat--step-place step)))
    (and place (pmat--line place))))

(cl-defmethod xref-location-marker ((step pmat--step))
  "Return a marker at STEP, in a buffer that visits its file."
  (let ((place (pmat--step-place step)))
    (unless place
      (user-error "This step is not written in the sources: %s" (pmat--step-heading step)))
    (with-current-buffer (find-file-noselect (pmat--file place))
      (copy-marker (pmat--point (pmat--step-server step)
                                (plist-get (plist-get place :range) :start))))))

(defun pmat--chain-xref (server heading place)
  "Return PLACE, told by SERVER, as an item of xref below HEADING."
  (xref-make (if place
                 (format "%s  (%s)" (plist-get place :text)
                         (file-relative-name (pmat--file place) (pmat--root)))
               "not written in the sources")
             (pmat--make-step server heading place)))

(defun pmat--chain-xrefs (server finding)
  "Return the chain of FINDING, told by SERVER, as items of xref.
The last one is back at the first."
  (let* ((hops (append (plist-get finding :hops) nil))
         (first (cl-find-if (lambda (hop) (plist-get hop :place)) hops))
         (number 0)
         (steps (mapcar
                 (lambda (hop)
                   (pmat--chain-xref
                    server
                    (format "%d/%d %s %s → %s" (cl-incf number) (length hops)
                            (plist-get hop :from) (plist-get hop :via) (plist-get hop :to))
                    (plist-get hop :place)))
                 hops)))
    (if first
        (append steps
                (list (pmat--chain-xref
                       server
                       (format "and so back to the same %s" (plist-get (car hops) :from))
                       (plist-get first :place))))
      steps)))

(defun pmat--places-here (finding)
  "Return those places of FINDING that are in this buffer's file."
  (and buffer-file-name
       (cl-remove-if-not (lambda (place) (file-equal-p (pmat--file place) buffer-file-name))
                         (append (plist-get finding :places) nil))))

(defun pmat--finding-here (findings)
  "Return the one of FINDINGS that has a place on this line."
  (cl-find-if (lambda (finding)
                (cl-some (lambda (place) (= (pmat--line place) (line-number-at-pos nil t)))
                         (pmat--places-here finding)))
              findings))

(defun pmat--read-finding (findings)
  "Let the user choose one of FINDINGS."
  (if (cdr findings)
      (let ((names (mapcar (lambda (finding)
                             (cons (format "%s  [%s]" (plist-get finding :title) (plist-get finding :id))
                                   finding))
                           findings)))
        (cdr (assoc (completing-read "Leak: " names nil t) names)))
    (car findings)))

;;;###autoload
(defun pmat-chain (&optional finding)
  "Show step by step why FINDING leaks, in an xref buffer.
Without it: the leak on this line, or one that is chosen."
  (interactive)
  (let* ((server (pmat--connect))
         (findings (and (not finding) (pmat--findings server)))
         (finding (or finding
                      (pmat--finding-here findings)
                      (pmat--read-finding findings)
                      (user-error "There is no proven leak in this dump")))
         (xrefs (pmat--chain-xrefs server finding))
         ;; The headings are no file names: this leaves them as they are.
         (xref-file-name-display 'project-relative))
    (xref-push-marker-stack)
    (funcall xref-show-xrefs-function (lambda () xrefs) `((window . ,(selected-window))))
    (message "%s" (plist-get finding :title))))


;;; The table of leaks

(defvar pmat-leaks-mode-map
  (let ((map (make-sparse-keymap)))
    (set-keymap-parent map tabulated-list-mode-map)
    (define-key map (kbd "RET") #'pmat-leaks-chain)
    (define-key map "i" #'pmat-leaks-identify)
    (define-key map "s" #'pmat-leaks-show)
    map)
  "Keys of the table of leaks.")

(define-derived-mode pmat-leaks-mode tabulated-list-mode "Leaks"
  "The leaks of a dump, the heaviest first.
\\{pmat-leaks-mode-map}"
  (setq tabulated-list-format
        (vector '("Times" 7 pmat--fewer-p :right-align t)
                '("Bytes" 12 pmat--lighter-p :right-align t)
                '("Files" 6 nil :right-align t)
                '("What" 50 t)
                '("Where" 30 t)
                '("Pattern" 20 t)))
  (setq tabulated-list-entries #'pmat--rows)
  (tabulated-list-init-header))

(defun pmat--fewer-p (one other)
  "Return whether the row ONE leaked fewer times than OTHER."
  (< (plist-get (car one) :count) (plist-get (car other) :count)))

(defun pmat--lighter-p (one other)
  "Return whether the row ONE leaked fewer bytes than OTHER."
  (< (plist-get (car one) :bytes) (plist-get (car other) :bytes)))

(defun pmat--row (finding)
  "Return FINDING as a row of the table; its id is the finding itself."
  (let ((place (plist-get finding :place)))
    (list finding
          (vector (number-to-string (plist-get finding :count))
                  (file-size-human-readable (plist-get finding :bytes) 'iec)
                  (number-to-string (length (plist-get finding :handles)))
                  (concat (plist-get finding :title)
                          (and (plist-get finding :ignored) " (ignored)"))
                  (if place
                      (format "%s:%d" (file-relative-name (pmat--file place)) (pmat--line place))
                    "")
                  (plist-get finding :code)))))

(defun pmat--rows ()
  "Return the rows of the table, asked for anew."
  (mapcar #'pmat--row (pmat--findings pmat--server)))

(defun pmat--leak-here ()
  "Return the finding of the row at point."
  (or (tabulated-list-get-id) (user-error "No leak on this line")))

(defun pmat-leaks-chain ()
  "Show why the leak of this row leaks."
  (interactive)
  (pmat-chain (pmat--leak-here)))

(defun pmat-leaks-identify ()
  "Show the ways to one SV of this row."
  (interactive)
  (pmat-identify (aref (plist-get (pmat--leak-here) :addresses) 0)))

(defun pmat-leaks-show ()
  "Show all about one SV of this row."
  (interactive)
  (pmat-show (aref (plist-get (pmat--leak-here) :addresses) 0)))

;;;###autoload
(defun pmat-leaks ()
  "Show the leaks of the dump as a table."
  (interactive)
  (let* ((server (pmat--connect))
         (leaks (pmat--leaks server))
         (root (pmat--root)))
    (with-current-buffer (get-buffer-create "*pmat leaks*")
      (pmat-leaks-mode)
      (setq pmat--server server
            default-directory root)
      (tabulated-list-print)
      (goto-char (point-min))
      (pop-to-buffer (current-buffer)))
    (message "%s" (plist-get leaks :message))))


;;; Questions

(defvar pmat-answer-mode-map
  (let ((map (make-sparse-keymap)))
    (set-keymap-parent map (make-composed-keymap button-buffer-map special-mode-map))
    (define-key map "i" #'pmat-identify)
    (define-key map "s" #'pmat-show)
    map)
  "Keys of the answer to a question.")

(define-derived-mode pmat-answer-mode special-mode "Answer"
  "What a dump answers; addresses are buttons that show the SV.
\\{pmat-answer-mode-map}"
  (setq truncate-lines t)
  (setq-local revert-buffer-function #'pmat--ask-again))

(defvar-local pmat--question nil
  "The words of the question that this buffer answers.")

(define-button-type 'pmat-address
  'help-echo "mouse-2, RET: show this SV"
  'action (lambda (button) (pmat-show (button-label button))))

(defun pmat--ask-again (&rest _)
  "Ask the question of this buffer anew."
  (let* ((params (list :name (car pmat--question) :words (vconcat (cdr pmat--question))))
         (text (plist-get (pmat--ask pmat--server :pmat/run params) :text))
         (inhibit-read-only t))
    (erase-buffer)
    (insert text)
    (goto-char (point-min))
    (while (re-search-forward "\\_<0x[[:xdigit:]]+\\_>" nil t)
      (make-text-button (match-beginning 0) (match-end 0) 'type 'pmat-address))
    (goto-char (point-min))))

(defun pmat--answer (words)
  "Show the answer to the question of WORDS, the first of which is its name."
  (let ((server (pmat--connect))
        (root (pmat--root))
        (buffer (generate-new-buffer (format "*pmat %s*" (string-join words " ")))))
    (condition-case error
        (with-current-buffer buffer
          (pmat-answer-mode)
          (setq pmat--server server
                pmat--question words
                default-directory root)
          (pmat--leaks server)
          (pmat--ask-again))
      ((user-error quit)
       (kill-buffer buffer)
       (signal (car error) (cdr error))))
    (pop-to-buffer buffer)))

(defun pmat--read-sv ()
  "Read what names an SV; the address at point unless another is typed."
  (let ((here (thing-at-point 'symbol t)))
    (list (read-string (format-prompt "SV (address, root or symbol)"
                                      (and here (string-prefix-p "0x" here) here))
                       nil nil
                       (and here (string-prefix-p "0x" here) here)))))

;;;###autoload
(defun pmat-identify (sv)
  "Show the ways that lead to SV: an address, a root or a symbol."
  (interactive (pmat--read-sv))
  (pmat--answer (list "identify" sv)))

;;;###autoload
(defun pmat-show (sv)
  "Show all about SV: an address, a root or a symbol."
  (interactive (pmat--read-sv))
  (pmat--answer (list "show" sv)))

(defun pmat--complete-question (server)
  "Return a completion table of the questions that SERVER answers."
  (let ((titles (mapcar (lambda (question)
                          (cons (plist-get question :name) (plist-get question :title)))
                        (plist-get (pmat--ask server :pmat/catalogue nil) :questions))))
    (lambda (text predicate action)
      (if (eq action 'metadata)
          `(metadata (annotation-function
                      . ,(lambda (name) (concat "  " (cdr (assoc name titles))))))
        (complete-with-action action titles text predicate)))))

;;;###autoload
(defun pmat-run (name &optional words)
  "Ask the question NAME with WORDS, as they are typed in a shell."
  (interactive
   (let ((name (completing-read "Question: " (pmat--complete-question (pmat--connect)) nil t)))
     (list name (split-string-and-unquote (read-string (concat name " "))))))
  (pmat--answer (cons name words)))

;;;###autoload
(defun pmat-load (file)
  "Open the dump FILE in place of the one that is open."
  (interactive "fHeap dump: ")
  (let ((server (pmat--connect)))
    (when (eq t (pmat--ask server :workspace/executeCommand
                           (list :command "pmat.load"
                                 :arguments (vector (file-local-name (expand-file-name file))))))
      (message "%s" (plist-get (pmat--leaks server) :message)))))


;;; Marks without Eglot

(defun pmat--diagnostics (server finding)
  "Return the diagnostics of FINDING, told by SERVER, in this buffer."
  (unless (plist-get finding :ignored)
    (mapcar (lambda (place)
              (let* ((range (plist-get place :range))
                     (main (pmat--same-place-p place (plist-get finding :place))))
                (flymake-make-diagnostic
                 (current-buffer)
                 (pmat--point server (plist-get range :start))
                 (pmat--point server (plist-get range :end))
                 (if main :warning :note)
                 (format "%s: %s [pmat %s]"
                         (if main (plist-get finding :title) (plist-get place :text))
                         (plist-get finding :chain) (plist-get finding :pattern)))))
            (pmat--places-here finding))))

(defvar-local pmat--report nil
  "The function that Flymake gave last; it takes no report by an older one.")

(defun pmat--flymake (report &rest _)
  "Tell Flymake the leaks of this buffer by REPORT.
The server reads the file: nothing changes while the buffer is modified."
  (let ((buffer (current-buffer))
        (server (pmat--running)))
    (setq pmat--report report)
    (if (or (not server) (buffer-modified-p) (eq server (pmat--eglot-server)))
        (funcall report nil :region (cons (point-min) (point-min)))
      (jsonrpc-async-request
       server :pmat/leaks (make-hash-table)
       :success-fn (lambda (leaks) (pmat--answered buffer report server leaks))
       :error-fn (lambda (_) (pmat--answered buffer report server nil))))))

(defun pmat--answered (buffer report server leaks)
  "Tell Flymake in BUFFER by REPORT the LEAKS that SERVER answered."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (when (eq report pmat--report)
        (funcall report (mapcan (lambda (finding) (pmat--diagnostics server finding))
                                (append (plist-get leaks :findings) nil)))))))

(defun pmat--mark ()
  "Let Flymake show the leaks of this buffer, also after Eglot took over."
  (add-hook 'flymake-diagnostic-functions #'pmat--flymake nil t)
  (if flymake-mode (flymake-start) (flymake-mode 1)))

;;;###autoload
(define-minor-mode pmat-mode
  "Show the leaks in this buffer by Flymake, without Eglot."
  :lighter " pmat"
  (if pmat-mode
      (progn
        (condition-case error
            (pmat--connect)
          ;; The file is to open all the same.
          (error (message "%s" (error-message-string error))))
        (add-hook 'eglot-managed-mode-hook #'pmat--mark nil t)
        (pmat--mark))
    (remove-hook 'eglot-managed-mode-hook #'pmat--mark t)
    (remove-hook 'flymake-diagnostic-functions #'pmat--flymake t)
    (flymake-start)))

(provide 'pmat)
;;; pmat.el ends here
